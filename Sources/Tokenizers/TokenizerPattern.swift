import JSON
import Options

/// The patterns of published tokenizers that a bpe tokenizer can be trained with: they cut a text into the
/// pieces that no token crosses.
package enum TokenizerPattern: String, OptionChoice {
    /// Words with the space before them; numbers of any length.
    case gpt2
    /// Contractions in either case, up to three digits, line feeds with the signs before them.
    case cl100k
    /// As cl100k, but words end before a capital letter.
    case o200k
    /// As cl100k, without its rule for spaces at the end of a text.
    case llama3
    /// As llama3, each digit alone.
    case qwen2
    /// As o200k, each digit alone, without contractions.
    case tekken

    /// The pattern as it is spelled in files.
    var expression: String {
        switch self {
        case .gpt2: KnownPatterns.gpt2
        case .cl100k: KnownPatterns.cl100k
        case .o200k: KnownPatterns.o200k
        case .llama3: KnownPatterns.llama3
        case .qwen2: KnownPatterns.qwen2
        case .tekken: KnownPatterns.tekken
        }
    }

    var scanner: PreTokenizer {
        PreTokenizer(KnownPatterns.pattern(expression) ?? .gpt2)
    }

    /// The pre-tokenizer of a tokenizer.json.
    var pieces: JSONValue {
        self == .gpt2
            ? TokenizerParts.byteLevel(usesPattern: true) : TokenizerParts.split(expression)
    }

    /// Whether a piece may hold line feeds behind signs.
    package var joinsLines: Bool { self != .gpt2 }
}
