//! A short name for a process: what a person would call the service.
#![forbid(unsafe_code)]

use super::process::Process;

/// Longest name, characters.
const MAX_NAME: usize = 64;

/// Names a process: `nginx`; for interpreters the program they run, then the interpreter, as in
/// `app.py (python3)`, `shop.jar (java)`, `gunicorn (python3)`.
#[must_use]
pub fn of(process: &Process) -> String {
    let exe = process.exe.as_deref().map_or(process.comm.as_str(), base).trim_end_matches(" (deleted)");
    let first = process.cmdline.first().map_or("", String::as_str);
    let name = match Interpreter::of(exe) {
        None => exe.to_owned(),
        Some(interpreter) => {
            // What the user typed ("python3") reads better than what it is linked to ("python3.11").
            let shown = if Interpreter::of(base(first)) == Some(interpreter) { base(first) } else { exe };
            match program(interpreter, first, process.cmdline.get(1..).unwrap_or(&[])) {
                Some(program) if program != shown => format!("{program} ({shown})"),
                _ => shown.to_owned(),
            }
        }
    };
    if name.is_empty() { format!("pid {}", process.pid) } else { name.chars().take(MAX_NAME).collect() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interpreter {
    Python,
    Node,
    Ruby,
    Perl,
    Php,
    Java,
    Dotnet,
    Shell,
    Busybox,
}

impl Interpreter {
    fn of(exe: &str) -> Option<Self> {
        // "python3.11" is "python", "php8.2" is "php"; "php-fpm8.2" and "perlbal" are themselves.
        let family = exe.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        Some(match family {
            "python" | "pypy" => Self::Python,
            "node" | "nodejs" | "bun" | "deno" => Self::Node,
            "ruby" | "jruby" => Self::Ruby,
            "perl" => Self::Perl,
            "php" => Self::Php,
            "java" => Self::Java,
            "dotnet" => Self::Dotnet,
            "sh" | "bash" | "dash" => Self::Shell,
            "busybox" => Self::Busybox,
            _ => return None,
        })
    }

    /// Options that take the next argument as their value.
    fn takes_value(self, option: &str) -> bool {
        let options: &[&str] = match self {
            Self::Python => &["-W", "-X", "--check-hash-based-pycs"],
            Self::Node => &[
                "-r",
                "--require",
                "--import",
                "--loader",
                "--experimental-loader",
                "-C",
                "--conditions",
                "--env-file",
                "--title",
                "--config",
                "--preload",
            ],
            Self::Ruby => &["-I", "-r", "-C", "-E"],
            Self::Perl => &["-I", "-M"],
            Self::Php => &["-c", "-d", "-z"],
            Self::Java => &[
                "-cp",
                "-classpath",
                "--class-path",
                "-p",
                "--module-path",
                "--add-modules",
                "--add-opens",
                "--add-exports",
                "--add-reads",
                "--patch-module",
                "--upgrade-module-path",
            ],
            Self::Dotnet => &["--additionalprobingpath", "--depsfile", "--runtimeconfig", "--fx-version"],
            Self::Shell | Self::Busybox => &[],
        };
        options.contains(&option)
    }

    /// Options that are followed by code instead of a program: there is no name in it.
    fn is_code(self, option: &str) -> bool {
        let options: &[&str] = match self {
            Self::Python | Self::Shell => &["-c"],
            Self::Node => &["-e", "--eval", "-p", "--print"],
            Self::Ruby | Self::Perl => &["-e", "-E"],
            Self::Php => &["-r", "-S"],
            Self::Java | Self::Dotnet | Self::Busybox => &[],
        };
        options.contains(&option)
    }
}

/// The program an interpreter runs, from its arguments.
fn program(interpreter: Interpreter, first: &str, args: &[String]) -> Option<String> {
    // setproctitle ("gunicorn: master [app]", "npm start", "puma 6.4 (tcp://…) [shop]") overwrites
    // the command line: its first word is the name.
    if args.is_empty() && Interpreter::of(base(first)).is_none() {
        let word = base(first.split([' ', ':']).next()?);
        return (!word.is_empty()).then(|| word.to_owned());
    }
    if interpreter == Interpreter::Busybox {
        let applet = base(first);
        return if applet.starts_with("busybox") { args.first().cloned() } else { Some(applet.to_owned()) };
    }
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        if interpreter.is_code(arg) {
            return None;
        }
        match (interpreter, arg) {
            (Interpreter::Python | Interpreter::Java, "-m" | "--module") => {
                let module = args.next()?;
                let module = module.strip_suffix(".__main__").unwrap_or(module);
                return Some(module.rsplit('/').next().unwrap_or(module).to_owned());
            }
            (Interpreter::Java, "-jar") => return args.next().map(|jar| base(jar).to_owned()),
            (Interpreter::Dotnet, "exec") => {}
            (Interpreter::Node, "run") => {}
            _ if interpreter.takes_value(arg) => {
                args.next()?;
            }
            _ if arg.starts_with('-') => {}
            // A main class: its last component.
            (Interpreter::Java, class) => return class.rsplit('.').next().map(str::to_owned),
            (_, script) => return Some(base(script).to_owned()),
        }
    }
    None
}

/// The last component of a path.
fn base(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_get_the_names_people_use() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("/usr/sbin/nginx", &["nginx: master process /usr/sbin/nginx -g daemon off;"], "nginx"),
            ("/usr/sbin/apache2", &["/usr/sbin/apache2", "-k", "start"], "apache2"),
            ("/usr/sbin/php-fpm8.2", &["php-fpm: pool www"], "php-fpm8.2"),
            ("/opt/shop/bin/server", &["./server", "--port", "80"], "server"),
            ("/opt/shop/bin/server (deleted)", &["./server"], "server"),
            ("/usr/bin/python3.11", &["python3", "/srv/app.py", "8000"], "app.py (python3)"),
            ("/usr/bin/python3.11", &["/usr/bin/python3", "-u", "-X", "dev", "app.py"], "app.py (python3)"),
            ("/usr/bin/python3.11", &["python3", "-m", "http.server", "8000"], "http.server (python3)"),
            ("/usr/bin/python3.11", &["python3", "-c", "import x"], "python3"),
            ("/usr/bin/python3.11", &["/v/bin/python", "/v/bin/gunicorn", "a:app"], "gunicorn (python)"),
            ("/usr/bin/python3.11", &["gunicorn: master [a:app]"], "gunicorn (python3.11)"),
            ("/usr/bin/node", &["node", "server.js"], "server.js (node)"),
            (
                "/usr/bin/node",
                &["node", "--require", "./t.js", "--inspect", "dist/main.js"],
                "main.js (node)",
            ),
            ("/usr/bin/node", &["node", "-e", "require('http')"], "node"),
            ("/usr/bin/node", &["npm start"], "npm (node)"),
            ("/usr/bin/node", &["node"], "node"),
            ("/usr/bin/ruby3.1", &["puma 6.4.0 (tcp://0.0.0.0:3000) [shop]"], "puma (ruby3.1)"),
            ("/usr/bin/php8.2", &["php", "-d", "a=b", "artisan", "serve"], "artisan (php)"),
            ("/usr/bin/php8.2", &["php", "-S", "0.0.0.0:80"], "php"),
            ("/usr/bin/perl", &["/usr/bin/perl", "-I", "lib", "-w", "/usr/bin/starman"], "starman (perl)"),
            ("/jdk/bin/java", &["java", "-Xmx1g", "-jar", "/app/shop.jar", "--x"], "shop.jar (java)"),
            ("/jdk/bin/java", &["java", "-cp", "a.jar:b.jar", "org.acme.Main"], "Main (java)"),
            ("/jdk/bin/java", &["java", "-p", "m", "-m", "shop/org.acme.Main"], "org.acme.Main (java)"),
            ("/usr/bin/dotnet", &["dotnet", "exec", "Shop.dll"], "Shop.dll (dotnet)"),
            ("/bin/busybox", &["httpd", "-f"], "httpd (busybox)"),
            ("/bin/busybox", &["busybox", "httpd"], "httpd (busybox)"),
        ];
        for (exe, cmdline, expected) in cases {
            let process = Process {
                exe: Some((*exe).to_owned()),
                cmdline: cmdline.iter().map(|&arg| arg.to_owned()).collect(),
                ..Process::default()
            };
            assert_eq!(of(&process), *expected, "{exe} {cmdline:?}");
        }
        assert_eq!(cases.len(), 26);
    }

    #[test]
    fn without_exe_the_kernels_name_counts() {
        let process = Process { comm: "worker".into(), ..Process::default() };
        assert_eq!(of(&process), "worker");
        assert_eq!(of(&Process { pid: 7, ..Process::default() }), "pid 7");
        let long = Process { comm: "ä".repeat(500), ..Process::default() };
        assert_eq!(of(&long).chars().count(), MAX_NAME);
    }
}
