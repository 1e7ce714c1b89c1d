import DistributedRuns
import Foundation
import TemporaryFolders
import Testing

/// `launch/install`.
@Suite struct InstallTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../launch/install").standardizedFileURL.path

    private func install(_ arguments: [String], into folder: String) async throws -> DistributedRun
    {
        try await DistributedRun.of(
            command: [
                "bash", Self.script, "--program", DistributedRun.executable("swift-llm-train"),
            ] + arguments, seconds: 120, environment: ["DESTDIR": folder])
    }

    @Test func everythingGoesUnderAPrefixAndIsTakenAwayAgain() async throws {
        let folder = try TemporaryFolder()
        let root = folder("root")
        let run = try await install(["--prefix", "/opt/ours"], into: root)
        #expect(run.exitCode == 0, "\(run.errors)")
        let version = try await DistributedRun.of(
            command: ["\(root)/opt/ours/bin/swift-llm-train", "--version"])
        #expect(version.exitCode == 0)
        let share = "\(root)/opt/ours/share/"
        for name in ["", "-prepare", "-plan", "-dashboard", "-tokenizer-train"] {
            let page = try String(
                contentsOfFile: "\(share)man/man1/swift-llm-train\(name).1", encoding: .utf8)
            #expect(page.hasPrefix(".TH \"SWIFT-LLM-TRAIN\(name.uppercased())\" 1"))
            for part in [".SH NAME\nswift\\-llm\\-train", ".SH USAGE", ".SH OPTIONS"] {
                #expect(page.contains(part), "\(name): \(part)")
            }
        }
        for name in [
            "bash-completion/completions/swift-llm-train", "zsh/site-functions/_swift-llm-train",
            "fish/vendor_completions.d/swift-llm-train.fish",
        ] {
            let text = try String(contentsOfFile: share + name, encoding: .utf8)
            #expect(text.contains("finetune") && text.contains("dashboard"), "\(name)")
        }
        let removed = try await install(["--prefix", "/opt/ours", "--uninstall"], into: root)
        #expect(removed.exitCode == 0)
        let left = FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? []
        #expect(!left.contains { $0.contains("swift-llm-train") })
    }

    @Test(arguments: [["--prefix", "here"], ["--nothing"], ["--program", "/nowhere"]])
    func whatIsWrongGetsOneLine(arguments: [String]) async throws {
        let folder = try TemporaryFolder()
        let run = try await install(arguments, into: folder("root"))
        #expect(run.exitCode == 64)
        #expect(run.errors.contains("launch/install --help lists the options"))
    }
}
