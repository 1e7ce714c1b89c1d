import DistributedRuns
import Foundation
import TemporaryFolders
import Testing

/// `launch/package`; what it makes is installed and run by `launch/test --watching`.
@Suite struct PackageTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../launch/package").standardizedFileURL.path

    private func package(_ arguments: [String]) async throws -> DistributedRun {
        try await DistributedRun.of(command: ["bash", Self.script] + arguments, seconds: 120)
    }

    @Test(arguments: [["--output"], ["--nothing"], ["--program", "/nowhere"], ["--program", "/"]])
    func whatIsWrongGetsOneLine(arguments: [String]) async throws {
        let run = try await package(arguments)
        #expect(run.exitCode == 64)
        #expect(run.errors.contains("launch/package --help lists the options"))
    }

    /// The program of the tests needs the libraries of the toolchain.
    @Test func aProgramThatNeedsLibrariesOfSwiftIsRefused() async throws {
        let folder = try TemporaryFolder()
        let file = folder("ours.deb")
        let run = try await package([
            "--program", DistributedRun.executable("swift-llm-train"), "--output", file,
        ])
        #expect(run.exitCode == 1)
        #expect(run.errors.contains("build it with\n--static-swift-stdlib"))
        #expect(!FileManager.default.fileExists(atPath: file))
    }
}
