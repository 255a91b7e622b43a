// What a script and a style sheet may say so that Internet Explorer 11 can read them.
import { parse } from 'acorn';
import { ancestor } from 'acorn-walk';
import doiuse from 'doiuse';
import postcss from 'postcss';

import { knows, lacksProperty } from './old_browser.mjs';

/** Faults of a script: syntax beyond ES5, and names that are not in `allowed` (`{globals,
 * members}`). Syntax alone, which is all that es-check looks at, is not enough: `new EventSource()`
 * and `list.forEach()` are ES5. */
export function script(text, allowed) {
  let tree;
  try {
    tree = parse(text, { ecmaVersion: 5, sourceType: 'script', locations: true });
  } catch (error) {
    return [`not ES5: ${error.message}`];
  }
  const faults = [];
  const own = declared(tree);
  ancestor(tree, {
    Identifier(node) {
      if (!own.has(node.name) && !allowed.globals.includes(node.name)) {
        faults.push(`line ${node.loc.start.line}: the global ${node.name}`);
      }
    },
    MemberExpression(node, parents) {
      const name = node.computed ? (typeof node.property.value === 'string' ? node.property.value : undefined) : node.property.name;
      if (name === undefined || allowed.members.includes(name) || own.has(name)) return;
      faults.push(`line ${node.loc.start.line}: the member ${name}`);
    },
  });
  return faults;
}

/** Names that an allow-list has although IE 11 lacks them everywhere. */
export function unknown(names) {
  return names.filter((name) => !knows(name));
}

/** Variables, parameters, functions, and keys of object literals. */
function declared(tree) {
  const names = new Set(['undefined', 'arguments']);
  const add = (node) => node && names.add(node.name ?? node.value);
  ancestor(tree, {
    VariableDeclarator: (node) => add(node.id),
    Function: (node) => [node.id, ...node.params].forEach(add),
    CatchClause: (node) => add(node.param),
    Property: (node) => add(node.key),
  });
  return names;
}

const PSEUDO = new Set((
  'active after before checked disabled enabled empty first-child first-letter first-line first-of-type focus hover lang '
  + 'last-child last-of-type link not nth-child nth-last-child nth-last-of-type nth-of-type only-child only-of-type root target visited'
).split(' '));
const FUNCTIONS = new Set('attr calc counter cubic-bezier hsl hsla linear-gradient matrix radial-gradient rect rgb rgba rotate scale steps translate translatex translatey url'.split(' '));
const AT_RULES = new Set(['charset', 'font-face', 'import', 'keyframes', 'media', 'page', '-ms-viewport']);
/** `forced-colors` is for others: IE drops such a block as a whole, which costs nothing. */
const MEDIA = /^(min-|max-)?(device-)?(width|height|aspect-ratio)$|^(orientation|resolution|min-resolution|max-resolution|color|monochrome|-ms-high-contrast|forced-colors)$/;

/** What is no fault: IE drops the first alone, without harm; the others are of SVG 1.1, which it
 * has, whatever MDN's data on CSS says. */
const HARMLESS = /^(outline-offset|fill|stroke|stroke-dasharray|stroke-width|text-anchor)$/;

/** Faults of a style sheet: by doiuse less what it calls partial, and by lists of what IE 11 has
 * of properties, selectors, functions and at-rules, since one unknown selector voids its rule. */
export async function styles(text, from) {
  const faults = [];
  const onFeatureUsage = ({ feature, featureData, usage }) => {
    // The data means the shorthand of several values.
    const isPlain = feature === 'mdn-text-decoration-shorthand' && /^[a-z-]+$/.test(usage.value);
    if (featureData.missing && !isPlain) faults.push(`line ${usage.source.start.line}: ${feature}`);
  };
  const { root } = await postcss([doiuse({ browsers: ['ie 11'], onFeatureUsage })]).process(text, { from });
  const add = (node, fault) => faults.push(`line ${node.source.start.line}: ${fault}`);
  root.walkDecls((node) => {
    const name = node.prop.toLowerCase();
    const inAtRule = node.parent.type === 'atrule';
    if (!name.startsWith('-') && !inAtRule && !HARMLESS.test(name) && lacksProperty(name)) add(node, `the property ${name}`);
    for (const [, called] of node.value.matchAll(/([a-z-]+)\(/gi)) {
      if (!FUNCTIONS.has(called.toLowerCase())) add(node, `the function ${called}()`);
    }
  });
  root.walkRules((node) => {
    const isKeyframe = node.parent.type === 'atrule' && /keyframes$/.test(node.parent.name);
    // A rule that is for another browser alone may be void here.
    if (isKeyframe || node.selectors.every((one) => /::?-(webkit|moz)-/.test(one))) return;
    for (const [, name] of node.selector.replace(/\[[^\]]*\]/g, '').matchAll(/::?([a-z-]+)/gi)) {
      if (!name.startsWith('-ms-') && !PSEUDO.has(name.toLowerCase())) add(node, `the selector :${name}`);
    }
  });
  root.walkAtRules((node) => {
    if (!AT_RULES.has(node.name)) add(node, `the rule @${node.name}`);
    if (node.name !== 'media') return;
    for (const [, name] of node.params.matchAll(/\(\s*([a-z-]+)/gi)) {
      if (!MEDIA.test(name)) add(node, `the media feature ${name}`);
    }
  });
  return faults;
}
