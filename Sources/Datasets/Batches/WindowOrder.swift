import Options

/// The order in which an epoch visits the windows of a stream.
package enum WindowOrder: Equatable, Sendable {
    /// That of the files.
    case inOrder
    /// A permutation of all windows: each may lie anywhere.
    case shuffled
    /// A permutation of blocks of windows, and of the windows of some of them: each rank reads whole
    /// blocks, once.
    case blocks

    /// Whether each epoch has an order of its own.
    package var isShuffled: Bool { self != .inOrder }
}

extension WindowOrder: OptionType {
    package init?(_ value: OptionValue) {
        switch value {
        case .scalar("true", isPlain: true): self = .shuffled
        case .scalar("false", isPlain: true): self = .inOrder
        case .scalar("blocks", _): self = .blocks
        default: return nil
        }
    }

    package var optionValue: OptionValue {
        switch self {
        case .inOrder: .plain("false")
        case .shuffled: .plain("true")
        case .blocks: .scalar("blocks", isPlain: false)
        }
    }

    package static var choices: [String] { ["true", "false", "blocks"] }
    package static var expectation: String { "true, false or blocks" }
}
