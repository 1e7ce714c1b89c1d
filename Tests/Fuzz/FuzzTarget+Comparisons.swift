import Evaluation

/// Files of comparisons, and what is made of them.
extension FuzzTarget {
    static let comparisons = FuzzTarget(
        name: "comparisons", file: "pairs.jsonl",
        prepare: { folder in
            let rating =
                #"{"messages": [{"role": "user", "content": "q"}], "a": {"model": "m", "#
                + #""adapter": null, "text": "1"}, "b": {"model": "n", "text": "2"}, "rating": "a"}"#
            let pair =
                #"{"instruction": "q", "output_1": "one", "generator_1": "m", "output_2": "two", "#
                + #""generator_2": "n", "preference": 1.25, "instruction_difficulty": 0.5}"#
            let text =
                "\(rating)\n\(rating.replacing("\"rating\": \"a\"", with: "\"rating\": \"b\""))"
            try write(Array("\(text)\n\(pair)\n".utf8), folder, "pairs.jsonl")
            return [Array("[\(pair), \(rating)]".utf8)]
        },
        read: { folder in
            let comparisons = try ComparisonFile(path: folder + "/pairs.jsonl").comparisons()
            _ = LengthControl(comparisons)
            _ = try RatingTable(comparisons, roundCount: 2).text
        })
}
