import { bundled } from "./bundled.js";

/**
 * @typedef {object} View
 * @property {string} text
 * @property {(path: string, text: string) => void} show
 * @property {(line: number) => void} goTo
 * @property {() => void} focus
 */

/**
 * Put CodeMirror in the place of a textarea, if `npm run build` has made it.
 * @param {HTMLTextAreaElement} area
 * @param {() => void} edited
 * @returns {Promise<View | null>}
 */
export async function codeMirror(area, edited) {
  const library = await bundled("codemirror");
  if (!library) return null;
  const { EditorView, EditorState } = library;
  const extensions = (/** @type {string} */ path) => [
    library.basicSetup,
    library.keymap.of([library.indentWithTab, { key: "Escape", run: leaveNext }]),
    library.indentUnit.of("    "),
    library.syntaxHighlighting(highlighting(library)),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": path, "aria-describedby": "editor-hint" }),
    EditorState.readOnly.of(area.readOnly),
    EditorView.updateListener.of((/** @type {{ docChanged: boolean }} */ update) => update.docChanged && edited()),
    language(library, path),
  ];
  const view = new EditorView({ doc: area.value, extensions: extensions("") });
  /** @type {Map<string, unknown>} */
  const states = new Map();
  let current = "";
  area.hidden = true;
  area.after(view.dom);
  return {
    get text() {
      return view.state.doc.toString();
    },
    show(path, text) {
      states.set(current, view.state);
      const known = /** @type {any} */ (states.get(path));
      const fits = known && known.doc.toString() === text;
      view.setState(fits ? known : EditorState.create({ doc: text, extensions: extensions(path) }));
      current = path;
    },
    goTo(line) {
      const { from } = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
  };
}

/** After Escape, Tab leaves the editor, so that nobody is caught in it. @param {any} view */
function leaveNext(view) {
  view.setTabFocusMode(2000);
  return false;
}

/** @param {any} library @param {string} path */
function language(library, path) {
  if (path.endsWith(".py")) return library.python();
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
