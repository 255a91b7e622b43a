// What a screen reader is given: Chromium's accessibility tree. No screen reader is run.

/** What a control is. Options, which their list names, are none of their own. */
const CONTROLS = new Set('button link textbox searchbox checkbox radio combobox listbox spinbutton slider switch menuitem tab'.split(' '));

/** The nodes of a page's tree that are not left out of it: `{role, name, level, live, parents}`,
 * `parents` being the roles of the nodes around it from the inside out. */
export async function tree(page) {
  const client = await page.context().newCDPSession(page);
  try {
    await client.send('Accessibility.enable');
    const { nodes } = await client.send('Accessibility.getFullAXTree');
    const byId = new Map(nodes.map((node) => [node.nodeId, node]));
    const property = (node, name) => node.properties?.find((one) => one.name === name)?.value?.value;
    const parents = (node) => {
      const found = [];
      for (let up = byId.get(node.parentId); up; up = byId.get(up.parentId)) {
        if (!up.ignored) found.push(up.role?.value);
      }
      return found;
    };
    return nodes.filter((node) => !node.ignored).map((node) => ({
      role: node.role?.value,
      name: (node.name?.value ?? '').replace(/\s+/g, ' ').trim(),
      level: property(node, 'level'),
      live: property(node, 'live'),
      parents: parents(node),
    }));
  } finally {
    await client.detach();
  }
}

/** Faults of a tree: landmarks, headings, names of controls, captions of tables, pictures, and
 * where `isLive`, the element whose changes are said. `isSignedIn`: there is a navigation. */
export function heard(nodes, { isLive = false, isSignedIn = true } = {}) {
  const faults = [];
  const of = (role) => nodes.filter((node) => node.role === role);
  const one = (role, what) => {
    const count = of(role).length;
    if (count !== 1) faults.push(`${count} ${what}, expected 1`);
  };
  if (of('RootWebArea')[0]?.name === undefined || of('RootWebArea')[0].name === '') faults.push('the page has no name');
  one('banner', 'banners');
  one('main', 'main landmarks');
  one('contentinfo', 'content infos');
  if (isSignedIn) {
    if (of('navigation').length === 0) faults.push('no navigation');
    const names = of('navigation').map((node) => node.name);
    if (names.some((name) => name === '')) faults.push('a navigation without a name');
    if (new Set(names).size !== names.length) faults.push(`navigations of the same name: ${names.join(', ')}`);
  }
  faults.push(...headings(of('heading')));
  for (const node of nodes.filter((each) => CONTROLS.has(each.role))) {
    if (node.name === '') faults.push(`a ${node.role} without a name`);
  }
  for (const node of of('table')) {
    if (node.name === '') faults.push('a table without a caption');
  }
  if (of('table').length > 0 && of('columnheader').length === 0) faults.push('a table without headers of columns');
  for (const node of [...of('image'), ...of('img')]) {
    if (node.name === '') faults.push('a picture without a name');
  }
  const said = nodes.filter((node) => node.role === 'status' || node.live === 'polite');
  if (isLive && said.length === 0) faults.push('nothing says what changes');
  const isSaid = nodes.some((node) => node.role === 'StaticText' && node.name !== '' && node.parents.includes('status'));
  if (isLive && !isSaid) faults.push('the status is empty');
  if (said.some((node) => node.live === 'off')) faults.push('a status that is not live');
  return faults;
}

/** One heading of the first level, within main, and none that leaves a level out. */
function headings(found) {
  const faults = [];
  const first = found.filter((node) => node.level === 1);
  if (first.length !== 1) faults.push(`${first.length} headings of level 1, expected 1`);
  if (first.some((node) => !node.parents.includes('main'))) faults.push('the heading of level 1 is not within main');
  found.forEach((node, nth) => {
    if (node.name === '') faults.push(`a heading of level ${node.level} without text`);
    const before = nth === 0 ? 0 : found[nth - 1].level;
    if (node.level > before + 1) faults.push(`the heading '${node.name}' of level ${node.level} follows one of level ${before}`);
  });
  return faults;
}
