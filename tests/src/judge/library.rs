//! C libraries, loaded when asked for.

/// Declares a struct of functions of a C library, and how it is loaded.
///
/// The library stays loaded to the end of the process: those written in C++ leave destructors and
/// thread-local data behind that may run later.
macro_rules! library {
    ($(#[$doc:meta])* struct $library:ident { $(fn $function:ident($($argument:ty),*) $(-> $result:ty)?;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $library {
            $(pub $function: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl $library {
            /// # Errors
            /// There is no such library, or it lacks a function.
            pub fn load(file: &std::path::Path) -> anyhow::Result<Self> {
                use anyhow::Context as _;
                // SAFETY: the library is one of those named in docs/dependencies.md, which do nothing
                // else than set up themselves when they are loaded.
                let library = unsafe { libloading::Library::new(file) };
                let library = library.with_context(|| format!("cannot load {}", file.display()))?;
                let library: &'static libloading::Library = Box::leak(Box::new(library));
                Ok(Self {
                    $($function: {
                        let name = concat!(stringify!($function), "\0").as_bytes();
                        // SAFETY: the types are those of the library's header.
                        let found = unsafe { library.get(name) };
                        *found.with_context(|| format!("{} lacks {}", file.display(), stringify!($function)))?
                    },)*
                })
            }
        }
    };
}

pub(super) use library;
