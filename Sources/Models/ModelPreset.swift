/// The named sizes of models.
///
/// Those of GPT-2 are of Radford et al. (2019), named by their parameters with the vocabulary of
/// 50,257; llama-110m has the sizes of llama2.c's largest story model. nano and micro are sizes of
/// this project for tests and for a first run on a laptop.
package enum ModelPreset: String, CaseIterable, Sendable {
    /// About 90 thousand parameters with a vocabulary of 65 characters: seconds on one core.
    case nano = "gpt2-nano"
    /// About 2.8 million parameters with a vocabulary of 512: minutes on one core.
    case micro = "gpt2-micro"
    case gpt2Small = "gpt2-124m"
    case gpt2Medium = "gpt2-355m"
    case gpt2Large = "gpt2-774m"
    case gpt2ExtraLarge = "gpt2-1558m"
    /// About 80 thousand parameters with a vocabulary of 65 characters: seconds on one core.
    case llamaNano = "llama-nano"
    /// 110 million parameters with a vocabulary of 32,000.
    case llama110M = "llama-110m"
    case tinyLlama = "tinyllama-1.1b"
    case llama3Small = "llama-3.2-1b"

    /// The sizes under this name; the vocabulary is the tokenizer's.
    package func configuration(vocabularySize: Int) -> ModelConfiguration {
        switch self {
        case .nano: gpt2(vocabularySize, layers: 3, heads: 3, width: 48, context: 64)
        case .micro: gpt2(vocabularySize, layers: 6, heads: 6, width: 192, context: 256)
        case .gpt2Small: gpt2(vocabularySize, layers: 12, heads: 12, width: 768)
        case .gpt2Medium: gpt2(vocabularySize, layers: 24, heads: 16, width: 1024)
        case .gpt2Large: gpt2(vocabularySize, layers: 36, heads: 20, width: 1280)
        case .gpt2ExtraLarge: gpt2(vocabularySize, layers: 48, heads: 25, width: 1600)
        case .llamaNano, .llama110M, .tinyLlama, .llama3Small: .llama(llama(vocabularySize))
        }
    }

    private func gpt2(
        _ vocabularySize: Int, layers: Int, heads: Int, width: Int, context: Int = 1024
    ) -> ModelConfiguration {
        .gpt2(
            GPT2Configuration(
                vocabularySize: vocabularySize, contextLength: context, embeddingSize: width,
                layerCount: layers, headCount: heads))
    }

    private func llama(_ vocabularySize: Int) -> LlamaConfiguration {
        switch self {
        case .llama110M:
            LlamaConfiguration(
                vocabularySize: vocabularySize, contextLength: 1024, embeddingSize: 768,
                layerCount: 12, headCount: 12, mlpSize: 2048)
        case .tinyLlama:
            LlamaConfiguration(
                vocabularySize: vocabularySize, contextLength: 2048, embeddingSize: 2048,
                layerCount: 22, headCount: 32, keyValueHeadCount: 4, mlpSize: 5632, isTied: false)
        case .llama3Small:
            LlamaConfiguration(
                vocabularySize: vocabularySize, contextLength: 131_072, embeddingSize: 2048,
                layerCount: 16, headCount: 32, keyValueHeadCount: 8, mlpSize: 8192,
                ropeTheta: 500_000,
                ropeScaling: RopeScaling(
                    factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4,
                    originalContextLength: 8192))
        default:
            LlamaConfiguration(
                vocabularySize: vocabularySize, contextLength: 64, embeddingSize: 48,
                layerCount: 3, headCount: 4, keyValueHeadCount: 2, mlpSize: 128)
        }
    }
}
