import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// What a training shows on a terminal, in a pipe, and as JSON.
    @Suite struct StatusTests {
        private func onTerminal(
            _ workspace: Workspace, columns: Int, _ command: String,
            environment: [String: String] = [:]
        ) async throws -> String {
            let settings = ["TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": ""]
            let run = try await DistributedRun.of(
                command: [
                    "\(StopTests.checkout)/Tests/Scripts/type-into", "--columns=\(columns)", "--",
                ] + command.split(separator: " ").map(String.init),
                seconds: 90, environment: settings.merging(environment) { $1 },
                folder: workspace.path)
            #expect(run.output.hasSuffix("exit code 0, 0 steps left\n"), "\(run.output)")
            return run.output
        }

        private static let program = DistributedRun.executable("swift-llm-train")

        @Test(arguments: [20, 80, 200])
        func aTerminalShowsTheStatusAndInTheEndOnlyLines(columns: Int) async throws {
            let workspace = try await Workspace.prepared()
            let shown = try await onTerminal(
                workspace, columns: columns,
                "\(Self.program) pretrain --config recipe.yaml train.steps=400 "
                    + "evaluate.every_steps=100 checkpoint.every_steps=0")
            #expect(shown.contains("\u{1B}[J"))
            #expect(shown.contains("/400"))
            #expect(shown.contains("tokens/s"))
            #expect(shown.contains("\u{1B}[36m"))
            let screen = Screen(shown)
            #expect(!screen.lines.contains { $0.contains("█") || $0.contains("░") })
            let lines = screen.lines.filter { $0.hasPrefix("step ") }
            #expect(lines.filter { $0.contains("validation loss") }.count == 4, "\(lines)")
            #expect(lines.contains { $0.hasPrefix("step 400/400  loss ") })
            // The lines that the status stands for are in the log alone.
            #expect(!lines.contains { $0.hasPrefix("step 1/400") })
            let log = String(decoding: try workspace.bytes("run/log.txt"), as: UTF8.self)
            #expect(log.contains(" step 1/400  loss "))
        }

        @Test func warningsStayAboveTheStatus() async throws {
            let workspace = try await Workspace.prepared()
            let shown = try await onTerminal(
                workspace, columns: 100,
                "\(Self.program) pretrain --config recipe.yaml train.steps=150 "
                    + "optimizer.learning_rate=3 optimizer.maximum_gradient_norm=0 "
                    + "evaluate.every_steps=0 checkpoint.every_steps=0",
                environment: ["NO_COLOR": "1"])
            let lines = Screen(shown).lines
            #expect(
                lines.contains { $0.hasPrefix("warning: step ") && $0.contains("is above") },
                "\(lines)")
            #expect(!shown.contains("\u{1B}[36m") && !shown.contains("\u{1B}[33m"))
            let events = try RunFiles(path: workspace("run")).metrics("event")
            #expect(events.contains { $0["level"]?.string == "warning" })
            let page = String(decoding: try workspace.bytes("run/report.html"), as: UTF8.self)
            #expect(page.contains("class=\"bad\">At step "))
        }

        @Test func mpirunOnATerminalShowsIt() async throws {
            let workspace = try await Workspace.prepared()
            let command =
                "mpirun -n 2 --oversubscribe \(Self.program) pretrain --config recipe.yaml"
            let shown = try await onTerminal(workspace, columns: 80, command)
            #expect(shown.contains("\u{1B}[J") && shown.contains("/20"))
            let tagged = try await onTerminal(
                workspace, columns: 80,
                command.replacing("mpirun", with: "mpirun --tag-output") + " output=tagged")
            #expect(!tagged.contains("\u{1B}["))
        }

        @Test func aPipeAndADumbTerminalGetLines() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.succeed("pretrain --config recipe.yaml")
            #expect(run.output.contains("\nstep 1/20  loss "))
            #expect(!run.output.contains("\u{1B}"))
            let dumb = try await onTerminal(
                workspace, columns: 80,
                "\(Self.program) pretrain --config recipe.yaml output=dumb",
                environment: ["TERM": "dumb"])
            #expect(!dumb.contains("\u{1B}") && dumb.contains("step 1/20  loss "))
        }

        @Test func logsOfJSONAreJSONLineByLine() async throws {
            let workspace = try await Workspace.prepared()
            let run = try await workspace.succeed(
                "run recipe.yaml --log json phases=[pretrain,evaluate,generate] "
                    + "generate.prompt=king generate.maximum_tokens=9")
            let lines = try run.output.split(separator: "\n").map {
                try JSONValue(parsing: Array($0.utf8), at: "output")
            }
            #expect(lines.allSatisfy { $0.members != nil })
            let kinds = lines.map { $0["kind"]?.string ?? "none" }
            #expect(Set(kinds) == ["log", "train", "validation", "event", "none"])
            #expect(kinds.filter { $0 == "validation" }.count == 4)
            #expect(lines.contains { $0["bits_per_byte"] != nil })
            #expect(
                lines.contains { $0["message"]?.string?.hasPrefix("king") ?? false }, "\(lines)")
            let wrong = try await workspace.run("run recipe.yaml --log xml")
            #expect(wrong.exitCode == 64 && wrong.errors.contains("'text' and 'json'"))
        }
    }
}

/// What a terminal of any height shows in the end; it knows the few escapes that a status uses.
private struct Screen {
    private(set) var lines: [String] = [""]
    private var row = 0

    init(_ shown: String) {
        var rest = shown[...]
        while let character = rest.popFirst() {
            switch character {
            case "\n":
                row += 1
                if row == lines.count { lines.append("") } else { isOverwriting = true }
            case "\u{1B}":
                let number = rest.dropFirst().prefix { $0.isNumber || $0 == ";" }
                rest = rest.dropFirst(1 + number.count)
                escape(rest.popFirst(), Int(number) ?? 1)
            default:
                if isOverwriting { lines[row] = "" }
                isOverwriting = false
                lines[row].append(character)
            }
        }
    }

    /// Whether the next character begins its row anew.
    private var isOverwriting = false

    private mutating func escape(_ command: Character?, _ number: Int) {
        switch command {
        case "A":
            row = max(0, row - number)
            isOverwriting = true
        case "J":
            lines.removeSubrange((row + 1)...)
            lines[row] = ""
        default: break
        }
    }
}
