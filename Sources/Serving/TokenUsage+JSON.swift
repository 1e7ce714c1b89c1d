import JSON

extension TokenUsage {
    var json: JSONValue {
        [
            "prompt_tokens": .integer(promptCount), "completion_tokens": .integer(drawnCount),
            "total_tokens": .integer(promptCount + drawnCount),
            "prompt_tokens_details": ["cached_tokens": .integer(knownCount)],
            "completion_tokens_details": ["reasoning_tokens": .integer(0)],
        ]
    }

    /// The sum over the texts of a request, whose prompts count once each.
    ///
    /// - Parameter answerCount: answers to each prompt.
    init(_ jobs: [TextJob], _ results: [TextResult], answerCount: Int) {
        for (index, (job, result)) in zip(jobs, results).enumerated() {
            drawnCount += result.tokenCount
            guard index % answerCount == 0 else { continue }
            promptCount += job.prompt.count
            knownCount += result.knownCount
        }
    }
}
