import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// Ranks that have other programs, libraries, clocks, locales or temporary folders, as on hosts that
    /// nobody keeps equal.
    @Suite struct UnlikeRanksTests {
        private static let command = ["pretrain", "--config", "recipe.yaml"]
        private static let program = DistributedRun.executable("swift-llm-train")

        /// Two ranks, each with words before its program.
        private func run(
            _ workspace: Workspace, _ keys: [String], prefixes: [[String]],
            programs: [String] = [program, program]
        ) async throws -> DistributedRun {
            let ranks = zip(prefixes, programs).map { prefix, program in
                ["-n", "1"] + prefix + [program] + Self.command + keys
            }
            return try await DistributedRun.of(
                command: ["mpirun", "--oversubscribe"] + ranks[0] + [":"] + ranks[1],
                folder: workspace.path)
        }

        /// A copy with another build id, which is the identity of a build.
        private func copyAsOfAnotherBuild(_ path: String, to copy: String) throws {
            var bytes = try Data(contentsOf: URL(filePath: path))
            let note = Data([4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0] + "GNU\0".utf8)
            let range = try #require(bytes.range(of: note), "\(path) has no build id")
            bytes[range.upperBound] ^= 255
            try bytes.write(to: URL(filePath: copy))
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: copy)
        }

        private func expectRefusal(_ run: DistributedRun, of name: String) {
            #expect(run.exitCode == 1, "\(run.output) \(run.errors)")
            #expect(run.messages.count == 1, "\(run.errors)")
            let build = "\(NSRegularExpression.escapedPattern(for: name)) [0-9a-f]{12}"
            let line =
                "the ranks run different builds: expected \(build) as on rank 0 on .+, "
                + "got \(build) on rank 1 on .+; install the same program"
            #expect(
                run.errors.range(of: line, options: .regularExpression) != nil, "\(run.errors)")
        }

        @Test func anotherBuildOfTheProgramIsNamed() async throws {
            let workspace = try await Workspace.prepared()
            try copyAsOfAnotherBuild(Self.program, to: workspace("swift-llm-train"))
            let run = try await run(
                workspace, [], prefixes: [[], []],
                programs: [Self.program, workspace("swift-llm-train")])
            expectRefusal(run, of: "the program")
            #expect(!workspace.exists("run"))
        }

        @Test func anotherBuildOfALibraryIsNamed() async throws {
            let workspace = try await Workspace.prepared()
            let list = try await DistributedRun.of(command: ["ldd", Self.program])
            let line = try #require(
                list.output.firstMatch(of: /(libhdf5\S*) => (\S+)/), "\(list.output)")
            let (name, path) = (String(line.output.1), String(line.output.2))
            try copyAsOfAnotherBuild(path, to: workspace(name))
            let run = try await run(
                workspace, [], prefixes: [[], ["env", "LD_LIBRARY_PATH=\(workspace.path)"]])
            expectRefusal(run, of: name)
        }

        /// A day ahead and a day behind, at the start and when the run goes on.
        @Test func clocksThatAreApartChangeNothing() async throws {
            let workspace = try await Workspace.prepared()
            let script = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../Scripts/other-clock.c").path
            let compiled = try await DistributedRun.of(command: [
                "clang", "-O1", "-shared", "-fPIC", script, "-o", workspace("other-clock.so"),
            ])
            try #require(compiled.exitCode == 0, "\(compiled.errors)")
            func clock(_ shift: Int) -> [String] {
                ["env", "LD_PRELOAD=\(workspace("other-clock.so"))", "CLOCK_SHIFT=\(shift)"]
            }
            let year = try await DistributedRun.of(
                command: clock(-40 * 365 * 86_400) + ["date", "+%Y"])
            #expect((Int(year.output.trimmingCharacters(in: .newlines)) ?? 9999) < 2010)

            let alone = try await workspace.pretrain("alone")
            let day = 86_400
            let keys = ["output=run", "--resume"]
            let first = try await run(
                workspace, keys + ["train.stop_after_steps=10"], prefixes: [[], clock(day)])
            #expect(first.exitCode == 0, "\(first.errors)")
            let second = try await run(
                workspace, keys, prefixes: [clock(-day), clock(day)])
            #expect(second.exitCode == 0, "\(second.errors)")
            let run = RunFiles(path: workspace("run"))
            #expect(try run.weights(20) == alone.weights(20))
            #expect(try run.moments(20) == alone.moments(20))
            #expect(try run.steps() == alone.steps())
        }

        /// In German a number has a comma, and in Turkish the small I has no dot.
        @Test func anotherLocaleChangesNothing() async throws {
            let workspace = try await Workspace.prepared()
            for name in ["de_DE", "tr_TR"] {
                let made = try await DistributedRun.of(command: [
                    "localedef", "-i", name, "-f", "UTF-8", workspace("\(name).UTF-8"),
                ])
                try #require(made.exitCode <= 1, "\(made.errors)")
            }
            func locale(_ name: String) -> [String] {
                ["env", "LOCPATH=\(workspace.path)", "LC_ALL=\(name).UTF-8"]
            }
            let number = try await DistributedRun.of(
                command: locale("de_DE") + ["bash", "-c", "printf %.1f 1,5"])
            #expect(number.output == "1,5")

            let alone = try await workspace.pretrain("alone")
            let run = try await run(
                workspace, ["output=run"], prefixes: [locale("de_DE"), locale("tr_TR")])
            #expect(run.exitCode == 0, "\(run.errors)")
            let files = RunFiles(path: workspace("run"))
            #expect(try files.weights(20) == alone.weights(20))
            #expect(try files.steps() == alone.steps())
        }

        /// Longer than the name of a socket may be.
        @Test func aLongTemporaryFolderChangesNothing() async throws {
            let workspace = try await Workspace.prepared()
            let alone = try await workspace.pretrain("alone")
            let folder = workspace(
                Array(repeating: String(repeating: "x", count: 100), count: 4)
                    .joined(separator: "/"))
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let run = try await workspace.pretrain(
                "run", ranks: 3, environment: ["TMPDIR": folder])
            #expect(try run.weights(20) == alone.weights(20))
        }
    }
}
