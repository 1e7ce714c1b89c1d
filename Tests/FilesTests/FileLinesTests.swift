import Files
import TemporaryFolders
import Testing

@Suite struct FileLinesTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func lines(_ text: String, blockSize: Int) throws -> [String] {
        try folder.write(text, to: "a")
        var lines: [String] = []
        try FileLines(of: folder("a"), blockSize: blockSize).forEachLine {
            lines.append(String(decoding: $0, as: UTF8.self))
            return true
        }
        return lines
    }

    private static let texts = [
        "", "\n", "\n\n\n", "a", "a\n", "one\ntwo\n\nthree", "\n\none\ntwo three four\n\n",
        String(repeating: "0123456789\n", count: 20),
    ]

    /// The border of a block may lie anywhere: inside a line, before a line feed and behind it.
    @Test(arguments: texts) func blocksOfAnySizeGiveTheSameLines(text: String) throws {
        let expected = text.split(separator: "\n").map(String.init)
        for size in 1...13 {
            #expect(try lines(text, blockSize: size) == expected)
            let last = try FileLines(of: folder("a"), blockSize: size).last()
            #expect(last.map { String(decoding: $0, as: UTF8.self) } == expected.last)
        }
        let file = try FileLines(of: folder("a"))
        #expect(try file.endsWithLineFeed == (text.isEmpty || text.hasSuffix("\n")))
    }

    @Test func noLineIsReadThatIsNotAskedFor() throws {
        try folder.write("a\nb\nc\n", to: "a")
        var seen = 0
        try FileLines(of: folder("a"), blockSize: 2).forEachLine { _ in
            seen += 1
            return seen < 2
        }
        #expect(seen == 2)
    }
}
