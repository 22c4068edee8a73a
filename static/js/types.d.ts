// Types that several modules speak of. Here and not as `import()` in their comments, because the
// storage of static files reads comments too, and types may point in a circle where code may not.
type Answer = import("./calling.js").Answer;
type CallError = import("./calling.js").CallError;
type CodeWorkshop = import("./workshop.js").CodeWorkshop;
type BuildLog = import("./build-log.js").BuildLog;
type CodeEditor = import("./code-editor.js").CodeEditor;
type CodeView = import("./code-mirror.js").View;
type EditorTabs = import("./editor-tabs.js").EditorTabs;
type FileTree = import("./file-tree.js").FileTree;
type Workspace = import("./workspace.js").Workspace;
type CodeProblem = import("./code-mirror.js").Problem;
type FileSearch = import("./file-search.js").FileSearch;
