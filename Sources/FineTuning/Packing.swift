import Options

/// How conversations share a sequence.
package enum Packing: Equatable, Sendable {
    /// Each has a sequence of its own.
    case none
    /// Each sees itself alone, and its positions begin anew.
    case isolated
    /// The later ones see those before them.
    case joined
}

extension Packing: OptionType {
    /// `true` is the usual way to pack.
    private static let words: [(word: String, packing: Packing)] = [
        ("false", .none), ("none", .none), ("isolated", .isolated), ("true", .isolated),
        ("joined", .joined),
    ]

    package init?(_ value: OptionValue) {
        guard case .scalar(let text, _) = value,
            let found = Self.words.first(where: { $0.word == text })
        else { return nil }
        self = found.packing
    }

    package var optionValue: OptionValue {
        .plain(Self.words.first { $0.packing == self }?.word ?? "false")
    }

    package static var choices: [String] { ["false", "isolated", "joined"] }
    package static var expectation: String { "one of " + choices.joined(separator: ", ") }
}
