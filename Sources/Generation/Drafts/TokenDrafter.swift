import Models

/// Guesses how a text goes on. The model checks several guesses in one pass, which costs less than a pass
/// for each; what is drawn is what would be drawn without them.
package protocol TokenDrafter: AnyObject {
    /// Guesses the tokens that come after a text.
    ///
    /// - Returns: at most `count` tokens; none where it knows nothing.
    func drafted(after ids: ArraySlice<Int32>, atMost count: Int) -> [Int32]
}

/// Makes a drafter for each text.
///
/// A model is touched on the thread of the engine alone.
package enum DraftSource: @unchecked Sendable {
    /// The text itself: what followed its last tokens when they came before.
    case text
    /// A smaller model of the same vocabulary.
    case model(LanguageModel)

    func makeDrafter(contextLength: Int) -> any TokenDrafter {
        switch self {
        case .text: TextDrafter()
        case .model(let model): ModelDrafter(model, contextLength: contextLength)
        }
    }
}
