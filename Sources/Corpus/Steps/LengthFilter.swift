import Options

/// The lengths of texts that are kept.
package struct LengthOptions: OptionBlock {
    /// Characters.
    package var minimum = 1
    package var maximum: Int?

    package init() {}

    package static var fields: [OptionField<LengthOptions>] {
        [
            OptionField("minimum", \.minimum, .atLeast(0), .changesFreely),
            OptionField("maximum", \.maximum, .atLeast(1), .changesFreely),
        ]
    }
}

/// Drops texts that are too short or too long.
package final class LengthFilter: CleaningStep {
    private let options: LengthOptions

    package init(_ options: LengthOptions) { self.options = options }

    package func apply(to document: inout Document) -> String? {
        let count = document.text.withUnsafeBufferPointer { $0.characterCount(in: 0..<$0.count) }
        if count < options.minimum { return "too_short" }
        if let maximum = options.maximum, count > maximum { return "too_long" }
        return nil
    }
}
