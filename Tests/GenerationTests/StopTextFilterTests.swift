import Generation
import Testing

@Suite struct StopTextFilterTests {
    struct Example: Sendable {
        let text: String
        let stops: [String]
        let passed: String
        var stopsText = true
    }

    static let examples = [
        Example(text: "one two three", stops: ["two"], passed: "one "),
        Example(text: "one two three", stops: ["three", "two"], passed: "one "),
        Example(text: "one", stops: ["one"], passed: ""),
        Example(text: "aaab", stops: ["aab"], passed: "a"),
        Example(text: "abababc", stops: ["ababc"], passed: "ab"),
        Example(text: "a\n\nb", stops: ["\n\n"], passed: "a"),
        // The one that is complete first; of two that end together the longest.
        Example(text: "xabcd", stops: ["abcd", "bc"], passed: "xa"),
        Example(text: "xabc", stops: ["bc", "abc"], passed: "x"),
        Example(text: "grüße €5 😀!", stops: ["€5 😀"], passed: "grüße "),
        // U+00E9 and e with an accent behind it are equal strings, but other bytes.
        Example(text: "cafe\u{301}.", stops: ["\u{e9}"], passed: "cafe\u{301}.", stopsText: false),
        Example(text: "a\r\nb", stops: ["\n"], passed: "a\r"),
        Example(text: "on tw thre", stops: ["two"], passed: "on tw thre", stopsText: false),
        Example(text: "one tw", stops: ["two"], passed: "one tw", stopsText: false),
        Example(text: "text", stops: [], passed: "text", stopsText: false),
    ]

    @Test(arguments: examples)
    func textEndsBeforeTheStopTextHoweverItIsCut(_ example: Example) {
        let scalars = example.text.unicodeScalars.map { String($0) }
        for size in 1...max(1, scalars.count) {
            var filter = StopTextFilter(example.stops)
            var parts: [String] = []
            for start in stride(from: 0, to: scalars.count, by: size) {
                parts.append(
                    filter.append(scalars[start..<min(start + size, scalars.count)].joined()))
            }
            #expect(filter.hasStopped == example.stopsText)
            parts.append(filter.finish())
            #expect(parts.joined().utf8.elementsEqual(example.passed.utf8), "parts of \(size)")
        }
    }

    @Test func textIsPassedOnAsSoonAsItIsCertain() {
        var filter = StopTextFilter(["stop"])
        #expect(filter.append("a st") == "a ")
        #expect(filter.append("ep") == "step")
        #expect(filter.append("s") == "")
        #expect(filter.finish() == "s")
    }
}
