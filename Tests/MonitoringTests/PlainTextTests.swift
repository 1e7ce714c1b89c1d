import Monitoring
import Testing

/// What others wrote steers neither a terminal nor a browser.
@Suite struct PlainTextTests {
    static let hostile = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onload='alert(1)",
        "</title></svg><script>1</script>", "&lt;script&gt;", "\u{1B}[2J\u{1B}]0;owned\u{7}",
        "a\u{9B}31mb", "a\rb", "\u{202E}gnp.exe", "x\u{0}y", "-->\u{2028}<!--",
    ]

    @Test(arguments: hostile)
    func markupHasNoTagsAndNoControls(text: String) {
        let markup = PlainText.markup(text)
        #expect(!markup.contains { "<>\"'".contains($0) })
        #expect(markup.unicodeScalars.allSatisfy { isHarmless($0) })
    }

    @Test(arguments: hostile)
    func markdownIsOneHarmlessLine(text: String) {
        let line = PlainText.markdown("a | b\n" + text)
        #expect(!line.contains("\n"))
        #expect(line.unicodeScalars.allSatisfy { isHarmless($0) })
        // Each bracket has a backslash in front.
        let brackets = zip(" " + line, line).filter { "<>|`".contains($0.1) }
        #expect(brackets.allSatisfy { $0.0 == "\\" })
    }

    @Test func textStaysAsItIs() {
        #expect(PlainText.visible("élan 字 👩‍🚀\n\ttab") == "élan 字 👩‍🚀\n\ttab")
        #expect(PlainText.markup("a < b & c") == "a &lt; b &amp; c")
    }

    @Test(arguments: ["```\nrm -rf\n```", "`", "````", "no fence"])
    func blocksCannotBeEndedFromInside(text: String) {
        let lines = PlainText.block(text).split(separator: "\n").map(String.init)
        #expect(lines.first == lines.last)
        #expect(!lines.dropFirst().dropLast().contains { $0.hasPrefix(lines[0]) })
    }

    private func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\t"
            || scalar.properties.generalCategory != .control
                && !("\u{202A}"..."\u{202E}").contains(scalar)
                && !("\u{2028}"..."\u{2029}").contains(scalar)
    }
}
