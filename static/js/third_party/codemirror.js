export { basicSetup } from "codemirror";
export { Compartment, EditorState } from "@codemirror/state";
export { EditorView, keymap } from "@codemirror/view";
export { indentWithTab } from "@codemirror/commands";
export { defineLanguageFacet, HighlightStyle, indentUnit, Language, LanguageSupport, syntaxHighlighting } from "@codemirror/language";
export { json } from "@codemirror/lang-json";
export { python } from "@codemirror/lang-python";
export { parser as markdownParser } from "@lezer/markdown";
export { tags } from "@lezer/highlight";
