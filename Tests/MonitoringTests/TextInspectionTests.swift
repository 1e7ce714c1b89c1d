import Foundation
import Monitoring
import Testing

/// Texts and names of others on a terminal and on pages say what they say, and do nothing.
@Suite struct TextInspectionTests {
    private static let hostile = "</span><script>alert('x')</script>\u{1B}[2J\u{202E}\"&\n"

    private func inspection(_ text: String) -> TextInspection {
        TextInspection(
            model: text,
            tokens: [
                .init(id: 1, text: text, loss: nil, likeliest: []),
                .init(id: 2, text: " to", loss: log(2), likeliest: [.init(text, 0.5)]),
                .init(id: 3, text: text, loss: 7, likeliest: [.init("x", 0.25)]),
            ], next: [.init(text, 0.125)], neighbours: [(text, [.init(text, 0.5)])])
    }

    @Test func figuresAreThoseOfTheTokens() throws {
        let inspection = inspection("a")
        #expect(inspection.meanLoss == (log(2) + 7) / 2)
        let lines = inspection.text(isColored: false).split(separator: "\n").map(String.init)
        #expect(lines[0] == "model a")
        #expect(lines[1].hasPrefix("token") && lines[1].hasSuffix("likeliest here"))
        #expect(lines[2].split(separator: " ") == ["\"a\"", "1", "-", "-"])
        #expect(
            lines[3].split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) }
                == ["\" to\"", "2", "50.0 %", "0.693", "\"a\" 50.0 %"])
        #expect(lines[4].contains("0.09 %") && lines[4].contains("7.000"))
        #expect(lines[5] == "after the text    \"a\" 12.5 %")
        #expect(lines[6].hasPrefix("loss              3.8466 nats a token, perplexity 46.83"))
    }

    @Test func nothingOfTheTextSteersATerminal() {
        let plain = inspection(Self.hostile).text(isColored: false)
        #expect(!plain.contains("\u{1B}") && !plain.contains("\u{202E}"))
        let coloured = inspection(Self.hostile).text(isColored: true)
        let own = coloured.matches(of: /\u{1B}\[(48;5;\d+;38;5;\d+|0)m/).count
        #expect(own == coloured.unicodeScalars.count { $0 == "\u{1B}" })
        #expect(own == 4)
        #expect(!coloured.contains("\u{202E}"))
    }

    @Test func pagesAreOneFileAndShowTextAsItIs() {
        let step = StepPage(
            title: Self.hostile, facts: [.init(Self.hostile, Self.hostile)],
            layers: [
                .init(name: Self.hostile, parameterCount: 3, gradientNorm: 2, weightNorm: 4),
                .init(name: "b", parameterCount: 3, gradientNorm: .nan, weightNorm: 0),
            ],
            sequences: [
                .init(loss: 1.5, place: Self.hostile, text: Self.hostile),
                .init(loss: nil, place: "p", text: "t"),
                .init(loss: .infinity, place: "p", text: "t"),
            ]
        ).html
        for page in [TextInspectionPage(inspection(Self.hostile)).html, step] {
            #expect(page.hasPrefix("<!doctype html>") && page.hasSuffix("</html>\n"))
            for outside in [
                "<script", "http:", "https:", "src=", "@import", "<link", "\u{1B}", "\u{202E}",
            ] {
                #expect(!page.contains(outside), "\(outside)")
            }
            #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"))
            #expect(page.contains("default-src 'none'"))
        }
        #expect(step.contains("nothing in it counts") && step.contains("not finite"))
        #expect(step.contains("width:100%") && step.contains("loss 1.5000"))
    }
}
