import ArgumentParser
import Generation
import ModelFiles
import Models
import Tensors

extension NumberFormat: ExpressibleByArgument {}
extension QuantizedArithmetic: ExpressibleByArgument {}
extension WeightQuantization: ExpressibleByArgument {}
extension KeyValueFormat: ExpressibleByArgument {}

/// How the weights of a model lie in memory.
struct QuantizeFlags: ParsableArguments {
    @Option(
        help: """
            Quantise the weights when they are loaded: q8_0, q4_k, or none, which makes floats also of \
            those that are quantised (as they are stored).
            """)
    var quantize: WeightQuantization?
}

/// How keys and values are kept: a flag that several commands have.
struct CacheFlag: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            How keys and values of texts are kept: f32 as they are computed, or rounded to bf16 or q8, \
            which take a half and a bit more than a quarter of the memory and can change an answer.
            """, valueName: "format"))
    var cache = GenerateOptions().cache
}

/// How the weights of a model lie in memory, and how they are multiplied.
struct WeightFlags: ParsableArguments {
    private static let defaults = GenerateOptions()

    @Option(help: "The format of the weights: fp32, or bf16, which is faster and rounds them.")
    var precision = Self.defaults.precision

    @Option(
        help: """
            Of quantised weights: exact, or int8, which is faster, rounds what is multiplied with them \
            to 8 bits, and can change an answer.
            """)
    var compute = Self.defaults.compute

    @OptionGroup var quantization: QuantizeFlags

    var held: HeldWeights { HeldWeights(quantization.quantize, in: precision) }
}
