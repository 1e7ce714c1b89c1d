import Generation
import JSON
import Tokenizers

/// A request for answers to a conversation, whichever protocol it came by.
struct ChatRequest {
    let model: ServedModel
    let queue: TextQueue
    let fields: GenerationFields
    let jobs: [TextJob]
    let scoredCount: Int?
    let tools: ToolChoice
    let style: ToolStyle

    init(
        _ request: RequestFields, _ messages: ChatMessages, scoredCount: Int?,
        grammar: TokenGrammar?, model: ServedModel, queue: TextQueue, key: String
    ) throws(APIFailure) {
        (self.model, self.queue, self.scoredCount) = (model, queue, scoredCount)
        var fields = try GenerationFields(
            request, vocabularySize: model.tokenizer.vocabularySize)
        tools = try ToolChoice(request, messages: messages)
        style = ToolStyle(model.template)
        let prompt = try messages.prompt(for: model, tools: tools.isOn ? style : nil)
        fields.stops += model.template?.stops ?? []
        self.fields = fields
        let most = try fields.room(behind: prompt.count, contextLength: model.contextLength)
        let constraint = try tools.grammar(style, model) ?? grammar
        var jobs: [TextJob] = []
        for sample in 0..<fields.count {
            var job = TextJob(
                model: model, prompt: prompt, maximumTokens: most, sampling: fields.sampling)
            (job.sample, job.stops, job.stopIDs) = (sample, fields.stops, fields.stopIDs)
            (job.ignoresEnd, job.key, job.scoredCount) = (fields.ignoresEnd, key, scoredCount)
            if let constraint { job.constraint = { constraint.constraint() } }
            jobs.append(job)
        }
        self.jobs = jobs
    }

    /// The text of an answer, and the functions that it calls.
    func answer(_ result: TextResult) -> (content: String, calls: [ToolCall]) {
        tools.isOn ? style.calls(in: result.text) : (result.text, [])
    }
}
