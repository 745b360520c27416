//! Text, lists and places that a program in C passes by their addresses. They have to be followed, so this is all that can be known of
//! them: that they are not null, and that such an address can be one at all.
#![allow(unsafe_code, reason = "C passes text and lists by address; see the header")]

use std::ffi::{c_char, c_void};

use crate::fault::{Fault, Result};

/// No object lies below this address: the first page is never mapped. Numbers that were taken for pointers do.
const ADDRESS_MIN: usize = 4096;

/// The longest text that is read, in bytes: no path is longer on Linux.
const TEXT_LEN_MAX: usize = 4096;

fn check<T>(what: &str, pointer: *const T) -> Result<()> {
    let address = pointer.addr();
    if pointer.is_null() {
        return Err(Fault::misuse(format!("{what} is NULL")));
    }
    if address < ADDRESS_MIN || isize::try_from(address).is_err() {
        return Err(Fault::misuse(format!("{what} is no pointer: {address:#x}")));
    }
    Ok(())
}

/// A copy of the bytes of a text, without the null that ends it.
///
/// # Errors
/// Null, no pointer, longer than any path.
///
/// # Safety
/// Unless it is refused by its value: `text` is readable up to a null, or for [`TEXT_LEN_MAX`] bytes, and stays so.
pub(crate) unsafe fn text(what: &str, text: *const c_char) -> Result<Vec<u8>> {
    check(what, text)?;
    // SAFETY: by the contract of this function.
    let len = unsafe { libc::strnlen(text, TEXT_LEN_MAX) };
    if len == TEXT_LEN_MAX {
        return Err(Fault::misuse(format!("{what} is {TEXT_LEN_MAX} bytes or longer")));
    }
    let mut bytes = vec![0; len];
    // SAFETY: `text` is readable for `len` bytes, which `strnlen` has just read, and `bytes` is ours and has as many. A thread that changes
    // them meanwhile makes a text of something else, and no harm.
    unsafe { std::ptr::copy_nonoverlapping(text.cast(), bytes.as_mut_ptr(), len) };
    Ok(bytes)
}

/// The addresses in a list, read one by one: whoever stops at the first that makes no sense reads nothing behind it.
///
/// # Errors
/// Null, no pointer.
///
/// # Safety
/// Unless it is refused by its value: `list` is readable for as many of `count` addresses as are asked for.
pub(crate) unsafe fn addresses(
    what: &str,
    list: *const *mut c_void,
    count: usize,
) -> Result<impl Iterator<Item = *mut c_void>> {
    check(what, list)?;
    Ok((0..count).map(move |index| {
        let place = list.wrapping_add(index);
        // SAFETY: by the contract of this function. It may be misaligned.
        unsafe { place.read_unaligned() }
    }))
}

/// A place for a result.
pub(crate) struct Place<T>(*mut T);

impl<T: Copy> Place<T> {
    /// # Errors
    /// Null, no pointer.
    ///
    /// # Safety
    /// Unless it is refused by its value, `place` is writable for the size of a `T`, until this is dropped.
    pub(crate) unsafe fn new(what: &str, place: *mut T) -> Result<Self> {
        check(what, place)?;
        Ok(Self(place))
    }

    pub(crate) fn put(&self, value: T) {
        // SAFETY: by the contract of `new`. It may be misaligned.
        unsafe { self.0.write_unaligned(value) };
    }
}

/// Puts as much of `value` in a place as the program that was compiled with an older header has room for.
///
/// # Errors
/// Null, no pointer, or larger than `value`: then the program is newer than this library.
///
/// # Safety
/// Unless it is refused by its value, `place` is writable for `size` bytes. `T` has no padding.
pub(crate) unsafe fn put_sized<T: Copy>(
    what: &str,
    (place, size): (*mut T, usize),
    value: &T,
) -> Result<()> {
    check(what, place)?;
    check_size(what, size, size_of::<T>())?;
    let from: *const T = value;
    // SAFETY: `value` is readable for `size` bytes, which are at most its own, and `place` is writable for them; they do not overlap, since
    // one of them is ours.
    unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), place.cast::<u8>(), size) };
    Ok(())
}

/// Reads what a program that was compiled with an older header has of a `T`; the rest is `T`'s default. Null is all default.
///
/// # Errors
/// No pointer, or larger than a `T`: then the program is newer than this library.
///
/// # Safety
/// Unless it is refused by its value, `place` is readable for `size` bytes. Any bytes are a `T`.
pub(crate) unsafe fn read_sized<T: Copy + Default>(
    what: &str,
    (place, size): (*const T, usize),
) -> Result<T> {
    let mut value = T::default();
    if place.is_null() {
        return Ok(value);
    }
    check(what, place)?;
    check_size(what, size, size_of::<T>())?;
    let to: *mut T = &raw mut value;
    // SAFETY: `place` is readable for `size` bytes, which are at most those of `value`; they do not overlap, since `value` is ours. Any
    // bytes are a `T`.
    unsafe { std::ptr::copy_nonoverlapping(place.cast::<u8>(), to.cast::<u8>(), size) };
    Ok(value)
}

fn check_size(what: &str, size: usize, known: usize) -> Result<()> {
    if size == 0 || size > known {
        let text = format!("{what} has {size} bytes, this library knows {known} of it");
        return Err(Fault::misuse(text));
    }
    Ok(())
}
