import DistributedRuns
import Foundation
import Testing

extension Jobs {
    /// The server as programs meet it (Tests/Scripts/check_server.py, check_clients.py).
    @Suite struct ServeTests {
        private static let environment = ProcessInfo.processInfo.environment
        private static let data = environment["SWIFT_LLM_DATA"]
        /// A Python that has the clients: openai, jsonschema.
        private static let clients = environment["SWIFT_LLM_SERVING_PYTHON"]
        private static let scripts = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Scripts").path

        private func stories() async throws -> Workspace {
            let stories = "\(try #require(Self.data))/weights/stories260K"
            let workspace = try Workspace()
            try await workspace.succeed(
                "import --model \(stories)/stories260K.bin --tokenizer \(stories)/tok512.bin "
                    + "--output model")
            return workspace
        }

        /// Runs a script, under a hard limit of time.
        private func run(
            _ script: String, _ arguments: [String], python: String = "python3", seconds: Int
        ) throws -> (code: Int32, output: String) {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments =
                ["timeout", "--kill-after=5", "\(seconds)", python, "\(Self.scripts)/\(script)"]
                + arguments
            let pipe = Pipe()
            (process.standardOutput, process.standardError) = (pipe, pipe)
            try process.run()
            let output = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: output, as: UTF8.self))
        }

        @Test(.enabled(if: data != nil, "SWIFT_LLM_DATA is not set"))
        func clientsThatLeaveOrSpeakNonsenseDisturbNoOne() async throws {
            let workspace = try await stories()
            let isLong = Self.clients != nil
            let result = try run(
                "check_server.py",
                [
                    DistributedRun.executable("swift-llm-train"), workspace("model"),
                    "--seconds=\(isLong ? 600 : 20)", "--clients=\(isLong ? 200 : 20)",
                    "--mutations=\(isLong ? 100_000 : 2_000)", "--flag=--parallel=8",
                ], seconds: isLong ? 2_400 : 240)
            #expect(result.code == 0, "\(result.output.suffix(3000))")
            print(result.output)
        }

        @Test(
            .enabled(if: data != nil, "SWIFT_LLM_DATA is not set"), arguments: [2, 3])
        func replicasAnswerAsOneProcess(ranks: Int) async throws {
            let workspace = try await stories()
            let result = try run(
                "check_server.py",
                [
                    DistributedRun.executable("swift-llm-train"), workspace("model"),
                    "--seconds=\(Self.clients != nil ? 60 : 5)", "--clients=16", "--mutations=200",
                    "--ranks=\(ranks)", "--flag=--parallel=4",
                ], seconds: 240)
            #expect(result.code == 0, "\(result.output.suffix(3000))")
        }

        @Test(
            .enabled(if: data != nil, "SWIFT_LLM_DATA is not set"),
            .enabled(
                if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"),
                "there is no openssl"))
        func connectionsAreEncrypted() async throws {
            let workspace = try await stories()
            let result = try run(
                "check_tls.py",
                [DistributedRun.executable("swift-llm-train"), workspace("model")], seconds: 180)
            #expect(result.code == 0, "\(result.output.suffix(3000))")
        }

        @Test(.enabled(if: data != nil, "SWIFT_LLM_DATA is not set"))
        func quantisedWeightsAreServed() async throws {
            let workspace = try await stories()
            try await workspace.succeed(
                "export --model model --format gguf --type q8_0 --output q.gguf")
            let program = DistributedRun.executable("swift-llm-train")
            for (flags, held) in [
                ([], "weights: Q8_0"), (["--compute=int8"], "arithmetic: int8"),
                (["--quantize=none"], nil),
            ] as [([String], String?)] {
                let result = try run(
                    "check_server.py",
                    [
                        program, workspace("q.gguf"), "--seconds=2", "--clients=8",
                        "--mutations=20", "--flag=--parallel=4",
                    ] + flags.map { "--flag=\($0)" }, seconds: 120)
                #expect(result.code == 0, "\(result.output.suffix(3000))")
                if let held {
                    #expect(result.output.contains(held))
                } else {
                    #expect(!result.output.contains("weights: "))
                }
            }
        }

        @Test(
            .enabled(
                if: data != nil && clients != nil, "SWIFT_LLM_SERVING_PYTHON is not set"))
        func clientsOfOpenAIWorkUnchanged() async throws {
            let workspace = try await stories()
            let result = try run(
                "check_clients.py",
                [
                    "--program=\(DistributedRun.executable("swift-llm-train"))",
                    "--model=\(workspace("model"))",
                ], python: try #require(Self.clients), seconds: 300)
            #expect(result.code == 0, "\(result.output.suffix(3000))")
        }

        @Test func wrongFlagsAreRefused() async throws {
            let workspace = try Workspace()
            for (flags, word) in [
                ("--port 70000", "--port"), ("--parallel 0", "--parallel"),
                ("--api-key-file nothing", "API keys"),
            ] {
                let run = try await workspace.run("serve --model none \(flags)")
                #expect(run.exitCode != 0 && !run.errors.isEmpty, "\(flags)")
                if !flags.hasPrefix("--api") { #expect(run.errors.contains(word)) }
            }
        }
    }
}
