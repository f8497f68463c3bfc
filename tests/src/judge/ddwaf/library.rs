//! Functions of libddwaf's C interface (`ddwaf.h` of libddwaf 2).

use std::ffi::{c_char, c_int, c_void};

use crate::judge::library::library;

/// `ddwaf_object`: a tagged union of 16 bytes. Never read here, only through the library's functions.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Object([u64; 2]);

/// `ddwaf_context_eval`: nothing matched.
pub(super) const OK: c_int = 0;
/// … something did.
pub(super) const MATCH: c_int = 1;

library! {
    /// The functions that are called here.
    struct Library {
        fn ddwaf_get_version() -> *const c_char;
        fn ddwaf_get_default_allocator() -> *mut c_void;
        fn ddwaf_builder_init() -> *mut c_void;
        fn ddwaf_builder_add_or_update_config(*mut c_void, *const c_char, u32, *const Object, *mut Object) -> bool;
        fn ddwaf_builder_build_instance(*mut c_void) -> *mut c_void;
        fn ddwaf_builder_destroy(*mut c_void);
        fn ddwaf_destroy(*mut c_void);
        fn ddwaf_context_init(*mut c_void, *mut c_void) -> *mut c_void;
        fn ddwaf_context_eval(*mut c_void, *mut Object, *mut c_void, *mut Object, u64) -> c_int;
        fn ddwaf_context_destroy(*mut c_void);
        fn ddwaf_object_from_json(*mut Object, *const c_char, u32, *mut c_void) -> bool;
        fn ddwaf_object_destroy(*mut Object, *mut c_void);
        fn ddwaf_object_set_map(*mut Object, u16, *mut c_void) -> *mut Object;
        fn ddwaf_object_set_array(*mut Object, u16, *mut c_void) -> *mut Object;
        fn ddwaf_object_set_string(*mut Object, *const c_char, u32, *mut c_void) -> *mut Object;
        fn ddwaf_object_set_signed(*mut Object, i64) -> *mut Object;
        fn ddwaf_object_set_unsigned(*mut Object, u64) -> *mut Object;
        fn ddwaf_object_set_float(*mut Object, f64) -> *mut Object;
        fn ddwaf_object_set_bool(*mut Object, bool) -> *mut Object;
        fn ddwaf_object_set_null(*mut Object) -> *mut Object;
        fn ddwaf_object_insert(*mut Object, *mut c_void) -> *mut Object;
        fn ddwaf_object_insert_key(*mut Object, *const c_char, u32, *mut c_void) -> *mut Object;
        fn ddwaf_object_find(*const Object, *const c_char, usize) -> *const Object;
        fn ddwaf_object_at_value(*const Object, usize) -> *const Object;
        fn ddwaf_object_at_key(*const Object, usize) -> *const Object;
        fn ddwaf_object_get_size(*const Object) -> usize;
        fn ddwaf_object_get_string(*const Object, *mut usize) -> *const c_char;
        fn ddwaf_object_get_bool(*const Object) -> bool;
        fn ddwaf_object_get_signed(*const Object) -> i64;
        fn ddwaf_object_get_unsigned(*const Object) -> u64;
        fn ddwaf_object_get_float(*const Object) -> f64;
        fn ddwaf_object_is_bool(*const Object) -> bool;
        fn ddwaf_object_is_signed(*const Object) -> bool;
        fn ddwaf_object_is_unsigned(*const Object) -> bool;
        fn ddwaf_object_is_float(*const Object) -> bool;
        fn ddwaf_object_is_array(*const Object) -> bool;
        fn ddwaf_object_is_map(*const Object) -> bool;
    }
}
