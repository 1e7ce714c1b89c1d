import Diagnostics
import Models
import Tensors
import Tokenizers

/// A text that is being generated.
final class DecodedText {
    typealias Receiver = (GenerationEvent) -> Bool

    let number: Int
    private(set) var request: GenerationRequest
    private(set) var ids: [Int32]
    /// The first token that the model sees.
    private(set) var start = 0
    private(set) var drawnCount = 0
    /// The tokens of the prompt that another text had computed.
    var knownCount = 0
    var hasToldPrompt = false
    private(set) var isDone = false
    let drafter: (any TokenDrafter)?
    var drafts = DraftBudget()
    private let tokenizer: any Tokenizer
    private let receive: Receiver
    private var decoder: StreamingDecoder
    private var filter: StopTextFilter

    init(
        _ request: GenerationRequest, number: Int, tokenizer: any Tokenizer,
        drafter: (any TokenDrafter)?, receive: @escaping Receiver
    ) {
        (self.request, self.number, self.tokenizer) = (request, number, tokenizer)
        (ids, self.drafter, self.receive) = (request.prompt, drafter, receive)
        decoder = StreamingDecoder(tokenizer, isStart: request.isStart)
        filter = StopTextFilter(request.stops)
        request.constraint?.begin(within: request.maximumTokens)
    }

    /// The tokens that the model sees.
    var window: ArraySlice<Int32> { ids[start...] }
    /// Tokens that can be drawn: those behind are padding.
    var vocabularySize: Int { tokenizer.vocabularySize }

    /// The places of tokens of the prompt whose scores are wanted.
    var scoredPlaces: Range<Int> {
        guard request.scoresPrompt && start == 0 else { return 0..<0 }
        return min(request.firstScored, request.prompt.count)..<request.prompt.count
    }

    /// Makes room in a context that is full.
    func fit(into contextLength: Int) {
        if request.slides { start = DecodingEngine.windowStart(of: ids.count, contextLength) }
    }

    func cancel() { isDone = true }

    func fail(_ failure: Failure) {
        isDone = true
        _ = receive(.failure(failure))
    }

    func tellPrompt(_ scores: [TokenScore?]) {
        hasToldPrompt = true
        if !receive(.prompt(knownCount: knownCount, scores: scores)) { isDone = true }
        if request.maximumTokens == 0 { end(.length) }
    }

    /// The logits that matter for the next token; nil: all.
    var wanted: LargestWanted? {
        request.scoredCount == nil && request.constraint == nil
            ? request.sampler.wanted(ofVocabulary: vocabularySize) : nil
    }

    /// Draws the next token and passes on its text.
    ///
    /// - Parameter score: tells how likely a token is.
    /// - Throws: `Failure` for logits that are not numbers.
    func draw(
        from logits: UnsafeMutableBufferPointer<Float>, contextLength: Int,
        score: (Int32) -> TokenScore?
    ) throws {
        let drawable = Array(logits.prefix(vocabularySize))
        let id = try request.sampler.draw(drawable, after: ids, request.constraint)
        drawnCount += 1
        if ends(at: id) { return end(.stop, id, score(id)) }
        request.constraint?.advance(by: id)
        ids.append(id)
        let text = filter.append(try decoder.append(id))
        if !receive(.token(id: id, score: score(id), text: text)) { return cancel() }
        if filter.hasStopped || request.constraint?.isDone == true { return end(.stop) }
        if drawnCount == request.maximumTokens
            || !request.slides && window.count > contextLength
        {
            end(.length)
        }
    }

    private func ends(at id: Int32) -> Bool {
        if request.stopIDs.contains(id) { return true }
        guard !request.ignoresEnd else { return false }
        return tokenizer.endOfText.contains(id) || id == tokenizer.beginningOfTextID
    }

    private func end(
        _ ending: GenerationEvent.Ending, _ id: Int32? = nil, _ score: TokenScore? = nil
    ) {
        isDone = true
        let rest = filter.append(decoder.finish()) + filter.finish()
        _ = receive(
            .end(
                GeneratedEnd(
                    ending: filter.hasStopped ? .stop : ending, text: rest,
                    tokenCount: drawnCount, id: id, score: score)))
    }
}
