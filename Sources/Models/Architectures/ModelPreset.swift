import Options

/// The sizes of a model under a name; each architecture lists its own.
package struct ModelPreset: OptionChoice {
    package let rawValue: String
    private let make: @Sendable (_ vocabularySize: Int) -> DecoderConfiguration

    init(
        _ name: String, _ make: @escaping @Sendable (_ vocabularySize: Int) -> DecoderConfiguration
    ) {
        rawValue = name
        self.make = make
    }

    package init?(rawValue: String) {
        guard let preset = Self.allCases.first(where: { $0.rawValue == rawValue }) else {
            return nil
        }
        self = preset
    }

    package static var allCases: [ModelPreset] { Architecture.all.flatMap(\.presets) }

    /// The sizes under this name; the vocabulary is the tokenizer's.
    package func configuration(vocabularySize: Int) -> DecoderConfiguration {
        make(vocabularySize)
    }
}
