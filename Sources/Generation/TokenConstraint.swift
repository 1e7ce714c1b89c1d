/// What the next token of a text may be.
package protocol TokenConstraint: AnyObject {
    /// How many tokens the text may have, an end of text among them. Without this call there is no limit.
    func begin(within tokens: Int)
    func allows(_ id: Int32) -> Bool
    /// Gives -infinity to the scores of all tokens that are not allowed.
    func ruleOut(_ scores: inout [Float])
    /// Goes on by a token that is allowed.
    func advance(by id: Int32)
    /// Whether the text is whole and cannot go on.
    var isDone: Bool { get }
}
