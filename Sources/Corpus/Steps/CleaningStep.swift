/// A step of cleaning, which changes a document or decides to drop it.
///
/// One thread at a time uses a step: it keeps memory between documents.
package protocol CleaningStep: AnyObject {
    /// Changes the document where the step does that.
    ///
    /// - Returns: the reason to drop the document; nil to keep it.
    func apply(to document: inout Document) -> String?

    /// What the step counted beside its reasons, such as masks, since it was asked last.
    func takeCounts() -> [String: Int]
}

extension CleaningStep {
    package func takeCounts() -> [String: Int] { [:] }
}
