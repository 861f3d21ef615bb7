//! A body in the platform's own form, so that sending it never copies it through wasm.

use bytes::Bytes;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use web_sys::ReadableStream;
use weir_flow::ports::Content;

/// Bytes that JavaScript holds, or a stream that passes through untouched.
#[derive(Debug)]
pub enum Body {
    /// As often as wanted.
    Bytes {
        /// The bytes.
        array: Uint8Array,
        /// How many.
        size: usize,
    },
    /// Once.
    Stream(Passing),
}

/// A stream that is cancelled unless somebody takes it.
#[derive(Debug)]
pub struct Passing(Option<ReadableStream>);

impl Passing {
    /// Takes charge of a stream.
    pub fn new(stream: ReadableStream) -> Self {
        Self(Some(stream))
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if let Some(stream) = self.0.take() {
            drop(stream.cancel());
        }
    }
}

impl Body {
    /// Bytes that JavaScript holds already.
    pub fn from_array(array: Uint8Array) -> Self {
        let size = usize::try_from(array.length()).unwrap_or(usize::MAX);
        Self::Bytes { array, size }
    }

    /// What a response is made of.
    pub(crate) fn into_js(self) -> JsValue {
        match self {
            Self::Bytes { array, .. } => array.into(),
            Self::Stream(mut passing) => passing.0.take().map_or(JsValue::NULL, JsValue::from),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::from_array(Uint8Array::from(bytes.as_ref()))
    }
}

impl Content for Body {
    fn share(&self) -> Option<Self> {
        match self {
            Self::Bytes { array, size } => Some(Self::Bytes { array: array.clone(), size: *size }),
            Self::Stream(_) => None,
        }
    }

    fn size(&self) -> Option<usize> {
        match self {
            Self::Bytes { size, .. } => Some(*size),
            Self::Stream(_) => None,
        }
    }
}
