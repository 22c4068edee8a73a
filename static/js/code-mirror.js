import { bundled } from "./bundled.js";
import { syntaxErrors } from "./script-checks.js";
import { gettext } from "./words.js";

/**
 * @typedef {object} Problem
 * @property {number} line
 * @property {number} column
 * @property {"error" | "warning"} severity
 * @property {string} message
 * @property {{ name: string, apply: () => void }[]} [actions]
 *
 * @typedef {object} View
 * @property {string} text
 * @property {(path: string, text: string, isReadOnly?: boolean) => void} show
 * @property {(line: number) => void} goTo
 * @property {() => void} focus
 * @property {() => void} recheck
 * @property {() => void} openProblems
 * @property {() => void} openSearch
 * @property {(indents: boolean) => void} setTab
 *
 * @typedef {object} Watcher
 * @property {() => void} edited
 * @property {(path: string, text: string) => Promise<Problem[]>} check
 * @property {(line: number, column: number, problems: number) => void} moved
 */

/**
 * Put CodeMirror in the place of a textarea, if `npm run build` has made it.
 * @param {HTMLTextAreaElement} area
 * @param {Watcher} watcher
 * @returns {Promise<View | null>}
 */
export async function codeMirror(area, watcher) {
  const library = await bundled("codemirror");
  if (!library) return null;
  const { EditorView, EditorState } = library;
  const recheck = library.StateEffect.define();
  const tab = new library.Compartment();
  let indents = true;
  const tabKeys = () => (indents ? library.keymap.of([library.indentWithTab]) : []);
  const extensions = (/** @type {string} */ path, /** @type {boolean} */ isReadOnly) => [
    library.basicSetup,
    tab.of(tabKeys()),
    library.keymap.of([{ key: "Escape", run: leaveNext }]),
    library.indentUnit.of(/\.([cm]?js|json|r)$/i.test(path) ? "  " : "    "),
    library.syntaxHighlighting(highlighting(library)),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": path || gettext("File"), "aria-describedby": "editor-hint" }),
    EditorState.readOnly.of(area.readOnly || isReadOnly),
    EditorView.updateListener.of((/** @type {any} */ update) => {
      if (update.docChanged) watcher.edited();
      const { head } = update.state.selection.main;
      const line = update.state.doc.lineAt(head);
      watcher.moved(line.number, head - line.from + 1, library.diagnosticCount(update.state));
    }),
    language(library, path),
    area.readOnly || !/\.(py|[cm]?js)$/.test(path) ? [] : checks(library, path, watcher, recheck),
  ];
  const view = new EditorView({ doc: area.value, extensions: extensions("", false) });
  /** @type {Map<string, unknown>} */
  const states = new Map();
  let current = "";
  area.hidden = true;
  area.after(view.dom);
  return {
    get text() {
      return view.state.doc.toString();
    },
    show(path, text, isReadOnly = false) {
      states.set(current, view.state);
      const known = /** @type {any} */ (states.get(path));
      const fits = known && known.doc.toString() === text && known.readOnly === (area.readOnly || isReadOnly);
      view.setState(fits ? known : EditorState.create({ doc: text, extensions: extensions(path, isReadOnly) }));
      view.dispatch({ effects: [tab.reconfigure(tabKeys()), recheck.of(null)] });
      current = path;
    },
    goTo(line) {
      const { from } = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
    recheck: () => view.dispatch({ effects: recheck.of(null) }),
    openProblems: () => (library.nextDiagnostic(view), library.openLintPanel(view)),
    openSearch: () => library.openSearchPanel(view),
    setTab(wanted) {
      indents = wanted;
      view.dispatch({ effects: tab.reconfigure(tabKeys()) });
    },
  };
}

/** @param {any} library @param {string} path @param {Watcher} watcher @param {any} recheck */
function checks(library, path, watcher, recheck) {
  const source = async (/** @type {any} */ view) => {
    const { doc } = view.state;
    const read = path.endsWith(".py") ? [] : syntaxErrors(library, view.state);
    /** @type {Problem[]} */
    const problems = [...read, ...(await watcher.check(path, doc.toString()))];
    return problems.map(({ line, column, severity, message, actions }) => {
      const place = doc.line(Math.min(Math.max(line, 1), doc.lines));
      const from = Math.min(place.from + column, place.to);
      const word = place.text.slice(from - place.from).match(path.endsWith(".py") ? /^[\w.]+/ : /^[\w.@/-]+/)?.[0].length ?? 0;
      return { from, to: Math.min(from + Math.max(word, 1), place.to), severity, message, actions };
    });
  };
  const asked = (/** @type {any} */ update) => update.transactions.some((/** @type {any} */ one) => one.effects.some((/** @type {any} */ effect) => effect.is(recheck)));
  return [library.linter(source, { delay: 500, needsRefresh: asked }), library.lintGutter()];
}

/**
 * Two texts side by side, with arrows that carry a difference over to the right side.
 * @param {HTMLElement} place
 * @param {string} theirs
 * @param {string} mine
 * @param {string} path
 * @returns {Promise<(() => string) | null>} gives the text of the right side
 */
export async function sideBySide(place, theirs, mine, path) {
  const library = await bundled("codemirror");
  if (!library) return null;
  const shared = [library.basicSetup, library.syntaxHighlighting(highlighting(library)), library.EditorView.lineWrapping, language(library, path)];
  const named = (/** @type {string} */ label) => library.EditorView.contentAttributes.of({ "aria-label": label });
  const merge = new library.MergeView({
    a: { doc: theirs, extensions: [...shared, library.EditorState.readOnly.of(true), named(gettext("Theirs: {path}", { path }))] },
    b: { doc: mine, extensions: [...shared, named(gettext("Mine: {path}", { path }))] },
    parent: place,
    revertControls: "a-to-b",
    collapseUnchanged: { margin: 2, minSize: 6 },
  });
  return () => merge.b.state.doc.toString();
}

/** After Escape, Tab leaves the editor, so that nobody is caught in it. @param {any} view */
function leaveNext(view) {
  view.setTabFocusMode(2000);
  return false;
}

/** @param {any} library @param {string} path */
function language(library, path) {
  if (path.endsWith(".py")) return library.python();
  if (/\.[cm]?js$/.test(path)) return library.javascript();
  if (/\.r$/i.test(path)) return library.StreamLanguage.define(library.r);
  if (path.endsWith(".json")) return library.json();
  if (!path.endsWith(".md")) return [];
  return new library.LanguageSupport(new library.Language(library.defineLanguageFacet(), library.markdownParser));
}

/** @param {any} library */
function highlighting({ HighlightStyle, tags }) {
  const rule = (/** @type {unknown} */ tag, /** @type {string} */ color, more = {}) => ({ tag, color, ...more });
  return HighlightStyle.define([
    rule([tags.keyword, tags.operatorKeyword, tags.propertyName], "var(--syntax-key)"),
    rule([tags.string, tags.special(tags.string), tags.monospace], "var(--syntax-text)"),
    rule([tags.number, tags.bool, tags.null, tags.atom], "var(--syntax-number)"),
    rule([tags.comment, tags.meta], "var(--syntax-note)"),
    rule([tags.definition(tags.variableName), tags.function(tags.variableName), tags.className], "var(--accent)"),
    rule(tags.heading, "var(--ink)", { fontWeight: "bold" }),
    rule([tags.link, tags.url], "var(--accent)"),
  ]);
}
