//! Embeddings: a unit vector for each text, the same for the same text.

use serde::Deserialize;
use serde_json::{Value, json};

use super::input::{Input, Prompt};
use super::request::{Problem, check_model, parse};
use super::{Context, Draft, words};

/// The answer to an embedding request.
pub(super) fn draft(context: &Context<'_>, body: &[u8]) -> Result<Draft, Problem> {
    let request = EmbeddingRequest::parse(body)?;
    let prompts = if context.empty() { Vec::new() } else { request.input.prompts() };
    let vectors = (0_u64..).zip(prompts).map(|(index, prompt)| {
        let vector = unit_vector(prompt, request.dimensions());
        json!({ "object": "embedding", "index": index, "embedding": request.encode(&vector) })
    });
    let tokens = request.input.tokens();
    let document = json!({
        "object": "list",
        "model": request.model,
        "data": vectors.collect::<Vec<_>>(),
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    });
    Ok(Draft::Plain { document, tokens: 0 })
}

const DEFAULT_DIMENSIONS: u64 = 8;
const MAX_INPUTS: usize = 2048;
/// Over all the vectors of one answer: about 5 MB of JSON.
const MAX_NUMBERS: u64 = 262_144;

/// `POST /embeddings`
#[derive(Deserialize)]
struct EmbeddingRequest {
    model: String,
    #[serde(default)]
    input: Input,
    dimensions: Option<u64>,
    encoding_format: Option<String>,
}

impl EmbeddingRequest {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let request: Self = parse(body)?;
        check_model(&request.model)?;
        let inputs = request.input.len();
        if matches!(request.input, Input::None) || !(1..=MAX_INPUTS).contains(&inputs) {
            return Err(Problem::of("input", "Expected 1 to 2048 inputs."));
        }
        let dimensions = request.dimensions.unwrap_or(DEFAULT_DIMENSIONS);
        if !(1..=MAX_NUMBERS).contains(&dimensions.saturating_mul(words::length(inputs))) {
            return Err(Problem::of(
                "dimensions",
                "Expected at least 1, and at most 262144 over all inputs.",
            ));
        }
        Ok(request)
    }

    /// Numbers of one vector.
    fn dimensions(&self) -> usize {
        usize::try_from(self.dimensions.unwrap_or(DEFAULT_DIMENSIONS)).unwrap_or(usize::MAX)
    }

    /// `OpenAI`'s own Python client asks for base64 unless its caller says otherwise.
    fn encode(&self, vector: &[f32]) -> Value {
        if self.encoding_format.as_deref() != Some("base64") {
            return json!(vector);
        }
        let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
        json!(base64(&bytes))
    }
}

/// Numbers from a xorshift generator that the text seeds, divided by their length.
fn unit_vector(prompt: Prompt<'_>, dimensions: usize) -> Vec<f32> {
    let mut state = prompt.hash() | 1;
    let numbers: Vec<f32> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let high = u16::try_from(state >> 48).unwrap_or(u16::MAX);
        // Halves between -32767.5 and 32767.5, so none is zero and the length cannot be.
        f32::from(high) - 32767.5
    })
    .take(dimensions)
    .collect();
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    numbers.into_iter().map(|number| number / length).collect()
}

/// RFC 4648, padded.
fn base64(bytes: &[u8]) -> String {
    let groups = bytes.chunks(3).flat_map(|group| {
        let bits = (0..3).fold(0_u32, |bits, place| {
            bits << 8 | group.get(place).map_or(0, |byte| u32::from(*byte))
        });
        [18, 12, 6, 0].into_iter().zip(0_usize..).map(move |(shift, place)| {
            // A group of n bytes has n + 1 symbols.
            if place > group.len() { '=' } else { sextet(bits >> shift & 0x3f) }
        })
    });
    groups.collect()
}

fn sextet(bits: u32) -> char {
    let symbol = match u8::try_from(bits).unwrap_or(0) {
        upper @ 0..=25 => b'A' + upper,
        lower @ 26..=51 => b'a' + (lower - 26),
        digit @ 52..=61 => b'0' + (digit - 52),
        62 => b'+',
        _ => b'/',
    };
    char::from(symbol)
}
