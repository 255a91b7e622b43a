// A browser that lacks what Internet Explorer 11 lacks, by MDN's data on browsers: the script
// that makes Chromium so, and what IE knows of CSS. It is no Internet Explorer; docs/ie11.md says
// what a person tries there.
import { createRequire } from 'node:module';

const data = createRequire(import.meta.url)('@mdn/browser-compat-data');

/** Whether an entry of the data says that IE 11 lacks a feature; `undefined` where it says nothing. */
function lacks(entry) {
  const support = [entry?.__compat?.support?.ie].flat();
  const versions = support.filter((one) => one && !one.flags && !one.prefix && !one.alternative_name).map((one) => one.version_added);
  if (support.every((one) => one === undefined)) return undefined;
  return !versions.some((version) => version !== false && version !== 'preview');
}

const members = (entry) => Object.entries(entry).filter(([name]) => name !== '__compat');

/** What the test tool itself uses in the page. */
const TOOL = ['Promise', 'Symbol', 'BigInt64Array', 'BigUint64Array', 'globalThis', 'Object.is'];

/** Names to delete: `[owner, name]` with an owner of '' for globals, 'X' for statics and
 * 'X.prototype' for members. `kept` are names that the tool in the page needs. */
export function missing(kept = TOOL) {
  const found = [];
  for (const [place, holder] of [['api', data.api], ['builtins', data.javascript.builtins]]) {
    for (const [owner, entry] of members(holder)) {
      if (kept.includes(owner)) continue;
      if (lacks(entry)) {
        found.push(['', owner]);
        continue;
      }
      for (const [name, member] of members(entry)) {
        if (!lacks(member) || /[^\w$]/.test(name) || name === owner || kept.includes(`${owner}.${name}`)) continue;
        const plain = name.replace(/_(static|event)$/, '');
        if (name.endsWith('_event')) found.push([`${owner}.prototype`, `on${plain}`]);
        else if (name.endsWith('_static')) found.push([owner, plain]);
        else if (owner === 'Window' || owner === 'globals') found.push(['', plain]);
        else found.push([`${owner}.prototype`, plain], ...(place === 'builtins' ? [[owner, plain]] : []));
      }
    }
  }
  return found;
}

/** The script for `addInitScript`: deletes those names, and says in `document.lacking` how many
 * were there. */
export function script(names = missing()) {
  return `(function () {
    var names = ${JSON.stringify(names)}, gone = 0;
    for (var nth = 0; nth < names.length; nth += 1) {
      var parts = names[nth][0] === '' ? [] : names[nth][0].split('.');
      var owner = window;
      for (var part = 0; owner && part < parts.length; part += 1) owner = owner[parts[part]];
      try {
        if (owner && Object.prototype.hasOwnProperty.call(owner, names[nth][1]) && delete owner[names[nth][1]]) gone += 1;
      } catch (error) { /* not configurable */ }
    }
    document.lacking = gone;
  }());`;
}

/** Whether IE 11 has some interface with a member, or a global, of that name. */
export function knows(name) {
  const keys = [name, `${name}_static`, name.replace(/^on(.+)$/, '$1_event')];
  const goesByIt = (member) => [member?.__compat?.support?.ie].flat().some((one) => one?.alternative_name === name);
  return [data.api, data.javascript.builtins].some((holder) => members(holder).some(([owner, entry]) =>
    (owner === name && lacks(entry) === false)
    || (lacks(entry) !== true && keys.some((key) => lacks(entry[key]) === false))
    || members(entry).some(([, member]) => goesByIt(member))));
}

/** Whether IE 11 lacks a CSS property by the data; one that is not there counts as lacking. */
export function lacksProperty(name) {
  const goesByIt = ([, entry]) => [entry.__compat?.support?.ie].flat().some((one) => one?.alternative_name === name);
  const entry = data.css.properties[name];
  return (entry === undefined || lacks(entry) === true) && !members(data.css.properties).some(goesByIt);
}
