import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// A corpus that is larger than the memory in which it is deduplicated.
    @Suite struct CorpusMemoryTests {
        private static let byteCount = 100_000_000
        private static let memory = 32
        /// Bytes that a rank may hold at its peak, of which the program and MPI take some by themselves.
        private static let peakLimit = 160 << 20

        /// Runs its arguments, and prints the peak of the memory and the spilled files as they are seen.
        private static let watcher = """
            folder=$1; shift
            "$@" & pid=$!
            while kill -0 $pid 2>/dev/null; do
                grep VmHWM /proc/$pid/status 2>/dev/null
                ls $folder/.work 2>/dev/null | grep '^spill-'
                sleep 0.1
            done
            wait $pid
            """

        @Test func aCorpusLargerThanItsMemorySpills() async throws {
            let workspace = try Workspace(size: 100)
            let copies = try Self.write(to: workspace("raw.jsonl"))
            let start = ContinuousClock.now
            let output = workspace("clean")
            let run = try await DistributedRun.of(
                command: DistributedRun.launcher + [
                    "2", "bash", "-c", Self.watcher, "watcher", output,
                    DistributedRun.executable("swift-llm-train"), "corpus", "deduplicate",
                    "--input", workspace("raw.jsonl"), "--output", output,
                    "corpus.memory_megabytes=\(Self.memory)",
                ], seconds: 300)
            print("the corpus took \(ContinuousClock.now - start)")
            #expect(run.exitCode == 0, "\(run.errors)")
            let lines = run.output.split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("spill-bands-") })
            let peaks = lines.filter { $0.hasPrefix("VmHWM") }.compactMap {
                $0.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
            }
            let peak = 1024 * (peaks.max() ?? .max / 1024)
            print("the peak of a rank was \(peak >> 20) MiB")
            #expect(peak < Self.peakLimit)
            let report = try JSONValue(
                parsing: Array(workspace.bytes("clean/report.json")), at: "report.json")
            let dropped = report["counts"]?["dropped"]?["near_duplicate"]?["documents"]?.integer
            // Of pairs with a word in a hundred changed hardly one in a thousand has no band in common.
            #expect(Double(dropped ?? 0) >= 0.99 * Double(copies) && (dropped ?? 0) <= copies)
        }

        /// Writes documents of some 150 words; three in ten are an earlier one with a word changed.
        ///
        /// - Returns: how many are copies.
        private static func write(to path: String) throws -> Int {
            var state = UInt64(1)
            func next(_ count: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % count
            }
            let words = (0..<4000).map { Array("w\(String($0 * 7919, radix: 36)) ".utf8) }
            FileManager.default.createFile(atPath: path, contents: nil)
            let file = try #require(FileHandle(forWritingAtPath: path))
            var (documents, copies, size): ([[UInt16]], Int, Int) = ([], 0, 0)
            var bytes: [UInt8] = []
            while size < byteCount {
                var document: [UInt16]
                if next(10) < 3, !documents.isEmpty {
                    document = documents[next(documents.count)]
                    document[next(document.count)] = UInt16(next(4000))
                    copies += 1
                } else {
                    document = (0..<120 + next(60)).map { _ in UInt16(next(4000)) }
                    documents.append(document)
                }
                let start = bytes.count
                bytes += Array("{\"text\": \"".utf8)
                for word in document { bytes += words[Int(word)] }
                bytes += Array("\"}\n".utf8)
                size += bytes.count - start
                if bytes.count > 1 << 22 {
                    try file.write(contentsOf: bytes)
                    bytes.removeAll(keepingCapacity: true)
                }
            }
            try file.write(contentsOf: bytes)
            try file.close()
            return copies
        }
    }
}
