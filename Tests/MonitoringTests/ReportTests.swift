import Monitoring
import Testing
import Training

/// The page and the Markdown of a run.
@Suite struct ReportTests {
    private func content(hostile: String = "a name") -> ReportContent {
        var history = RunHistory()
        for step in 1...300 {
            history.loss.append(5 - Double(step) / 100, at: step)
            history.learningRate.append(1e-3, at: step)
            history.gradientNorm.append(1, at: step)
            history.tokensPerSecond.append(1000, at: step)
        }
        history.validations = [(100, 4), (200, 3.2), (300, 3.5)]
        (history.stepCount, history.lastStep) = (300, 300)
        (history.firstLoss, history.lastLoss) = (5, 2)
        history.events = [.init(step: 7, message: hostile, isWarning: true)]
        var content = ReportContent(title: hostile, history: history)
        content.facts = [.init(hostile, hostile)]
        content.recipe = "name: " + hostile
        content.samples = [.init(step: 300, prompt: hostile, text: hostile)]
        content.evaluations = [
            .init(step: 300, data: hostile, figures: [.init(hostile, hostile)])
        ]
        content.usage = [.init(hostile, hostile)]
        content.gaps = [hostile]
        content.comparisons = [
            .init(name: "a step", planned: "110 ms", measured: "100 ms", ratio: 1.1)
        ]
        content.plannedStepCount = 300
        return content
    }

    @Test func thePageHasAllPartsAndNeedsNothingElse() {
        let page = ReportPage(content()).html
        for part in [
            "At a glance", "How it went", "What was trained on what", "Recipe, where",
            "Evaluations",
            "What the model writes", "How to use the model", "Loss", "Learning rate",
            "Gradient norm", "Tokens per second", "What it is: how much the next token surprises",
            "All 300 steps are done", "learn by heart", "The plan, and what came of it",
            "<td>110 ms</td><td>100 ms</td><td>1.10 times what it was</td>",
        ] { #expect(page.contains(part), "\(part)") }
        #expect(page.components(separatedBy: "<svg").count == 5)
        for outside in ["http:", "https:", "<script", "<link", "@import", "url(h", "src="] {
            #expect(!page.contains(outside), "\(outside)")
        }
        #expect(page.contains("prefers-color-scheme:dark") && page.contains("name=\"viewport\""))
        #expect(page.contains("default-src 'none'"))
    }

    /// The tags are those of a page with harmless texts, however hostile the texts are.
    @Test(arguments: PlainTextTests.hostile)
    func hostileTextsAddNoTagsAndNoControls(hostile: String) {
        func tags(_ page: String) -> [Substring] {
            page.split(separator: "<").map { $0.prefix { $0 != ">" } }.filter {
                !$0.contains("aria")
            }
        }
        let page = ReportPage(content(hostile: hostile)).html
        let own = ReportPage(content(hostile: "x")).html
        #expect(tags(page).count == tags(own).count)
        #expect(!page.contains("<script") && !page.contains("<img"))
        let scalars = page.unicodeScalars.filter { $0 != "\n" }
        #expect(!scalars.contains { $0.properties.generalCategory == .control })
    }

    @Test(arguments: PlainTextTests.hostile)
    func hostileTextsStayInTheirPlaceInMarkdown(hostile: String) {
        let text = ReportMarkdown(content(hostile: hostile)).text
        let own = ReportMarkdown(content(hostile: "x")).text
        let heads = { (text: String) in text.split(separator: "\n").filter { $0.hasPrefix("## ") } }
        #expect(heads(text) == heads(own))
        let scalars = text.unicodeScalars.filter { $0 != "\n" }
        #expect(!scalars.contains { $0.properties.generalCategory == .control })
    }

    @Test func aRunWithoutAStepHasAPage() {
        let page = ReportPage(ReportContent(title: "new", history: RunHistory())).html
        #expect(page.contains("No step has been made yet") && !page.contains("<svg"))
    }
}
