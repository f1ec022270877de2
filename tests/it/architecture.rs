//! Rules of the source code that the compiler cannot check.

use std::path::{Path, PathBuf};

/// Each source file of the crate, with its path below `src`.
fn sources() -> Vec<(String, String)> {
    fn visit(directory: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { visit(&path, files) } else { files.push(path) }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    visit(&root, &mut files);
    let source = |path: PathBuf| {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    files.into_iter().map(source).collect()
}

/// The code of a source file, without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

#[test]
fn sql_on_tasks_is_in_one_file() {
    let mut seen = Vec::new();
    // The descriptions of the API are prose.
    for (name, text) in sources().into_iter().filter(|(name, _)| !name.starts_with("docs/")) {
        for line in code(&text) {
            let line = line.to_lowercase();
            let names_tasks = [
                "from tasks",
                "into tasks",
                "update tasks",
                "join tasks",
                "table tasks",
                "only tasks",
                "\"tasks\" ",
            ];
            if names_tasks.iter().any(|it| line.contains(it)) {
                seen.push(name.clone());
            }
        }
    }
    seen.dedup();
    assert_eq!(seen, ["store/sql.rs"], "tasks are reached through UserTasks only");
}

#[test]
fn only_adopt_names_the_view_over_a_table_of_another_program() {
    for (name, text) in sources() {
        let names_it = code(&text).any(|line| line.contains("todo_api.tasks"));
        assert!(name.starts_with("adopt/") || !names_it, "{name} names the view");
    }
}

#[test]
fn identifiers_of_another_program_are_quoted_by_their_type() {
    for (name, text) in sources().into_iter().filter(|(name, _)| name.starts_with("adopt/")) {
        // `plain` is the name without quotes, for messages, comparisons and parameters. A line of SQL never has it.
        for line in code(&text).filter(|line| line.contains("plain()")) {
            let is_sql = ["SELECT ", "UPDATE ", "CREATE ", "DROP ", "ALTER ", "INSERT "]
                .iter()
                .any(|word| line.contains(word));
            assert!(!is_sql || line.contains("Literal("), "{name}: {line}");
        }
    }
}

#[test]
fn nothing_depends_on_adopt() {
    for (name, text) in sources() {
        let may = name.starts_with("adopt/") || name == "lib.rs" || name == "main.rs";
        assert!(may || !code(&text).any(|line| line.contains("crate::adopt")), "{name} uses adopt");
    }
}

#[test]
fn nothing_depends_on_the_embedded_issuer() {
    for (name, text) in sources() {
        let may = name.starts_with("issuer/") || name == "lib.rs";
        assert!(
            may || !code(&text).any(|line| line.contains("crate::issuer")),
            "{name} uses the embedded issuer"
        );
    }
}

#[test]
fn nothing_depends_on_the_mcp_server() {
    for (name, text) in sources() {
        let may = name.starts_with("mcp/") || name == "lib.rs";
        let uses = code(&text).any(|line| line.contains("crate::mcp") || line.contains("rmcp::"));
        assert!(may || !uses, "{name} uses the MCP server");
    }
}

#[test]
fn tasks_depend_on_neither_http_nor_sql() {
    for (name, text) in sources().into_iter().filter(|(name, _)| name.starts_with("task/")) {
        for line in code(&text) {
            assert!(
                !line.contains("rocket") && !line.contains("sqlx") && !line.contains("crate::error"),
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn sql_is_never_built_at_run_time() {
    for (name, text) in sources() {
        // The exceptions: a statement with two numbers, which `SET` does not take as parameters, and the statements of `adopt`, which name
        // tables and columns of another program.
        let count = code(&text).filter(|line| line.contains("AssertSqlSafe")).count();
        let may = name == "store/session.rs" || name == "adopt/statement.rs";
        assert_eq!(count, usize::from(may), "{name}");
    }
}
