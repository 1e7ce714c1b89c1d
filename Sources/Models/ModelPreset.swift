/// The named sizes of GPT-2.
///
/// The four large ones are those of Radford et al. (2019); their names count the parameters with
/// the vocabulary of 50,257. nano and micro are sizes of this project for tests and for a first
/// run on a laptop.
package enum GPT2Preset: String, CaseIterable, Sendable {
    /// About 90 thousand parameters with a vocabulary of 65 characters: seconds on one core.
    case nano = "gpt2-nano"
    /// About 2.8 million parameters with a vocabulary of 512: minutes on one core.
    case micro = "gpt2-micro"
    case gpt2Small = "gpt2-124m"
    case gpt2Medium = "gpt2-355m"
    case gpt2Large = "gpt2-774m"
    case gpt2ExtraLarge = "gpt2-1558m"

    /// The sizes under this name; the vocabulary is the tokenizer's.
    package func configuration(vocabularySize: Int) -> GPT2Configuration {
        let (layers, heads, width, context) = sizes
        return GPT2Configuration(
            vocabularySize: vocabularySize, contextLength: context, embeddingSize: width,
            layerCount: layers, headCount: heads)
    }

    private var sizes: (layers: Int, heads: Int, width: Int, context: Int) {
        switch self {
        case .nano: (3, 3, 48, 64)
        case .micro: (6, 6, 192, 256)
        case .gpt2Small: (12, 12, 768, 1024)
        case .gpt2Medium: (24, 16, 1024, 1024)
        case .gpt2Large: (36, 20, 1280, 1024)
        case .gpt2ExtraLarge: (48, 25, 1600, 1024)
        }
    }
}
