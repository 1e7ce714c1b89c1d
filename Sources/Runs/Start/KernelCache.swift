import Diagnostics
import Files
import Foundation
import JSON
import Machine
import Tensors

/// The times of the ways of multiplying, kept in the user's cache for the next start on this processor.
///
/// A cache that is missing, damaged, of something else or cannot be written is no error: the times are
/// then taken again.
package struct KernelCache: Sendable {
    /// The path of the file; nil where the user has no place for caches.
    package let path: String?
    /// What the times belong to: the processor, the libraries, and what the environment sets for
    /// them.
    package let key: String

    private static let formatVersion = 1
    private static let maximumSize = 1 << 16
    /// Variables by which users choose the instructions that the libraries use.
    private static let variables = [
        "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA",
        "DNNL_CPU_ISA_HINTS", "ONEDNN_CPU_ISA_HINTS",
    ]

    package init(environment: [String: String], key: String) {
        self.key = key
        path = Self.folder(environment).map {
            "\($0)/swift-llm-train/kernels-\(Self.hash(key)).json"
        }
    }

    /// The cache of this processor, with these libraries, in `environment`.
    package init(environment: [String: String], kernels: ComputeKernels) {
        let settings = Self.variables.map { "\($0)=\(environment[$0] ?? "")" }
        let parts =
            [
                SystemFile.processorIdentity, "OpenBLAS \(ComputeKernels.blasVersion)",
                kernels.blasCore, "oneDNN \(ComputeKernels.oneDNNVersion)",
                kernels.oneDNNInstructionSet, kernels.instructionSet,
            ] + settings
        self.init(environment: environment, key: parts.joined(separator: "; "))
    }

    /// The XDG base directories want an absolute path, and pass over another.
    private static func folder(_ environment: [String: String]) -> String? {
        if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return folder }
        return environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 + "/.cache" : nil }
    }

    /// The name of a key: FNV-1a, as hexadecimal digits; the file contains the key itself.
    private static func hash(_ key: String) -> String {
        let hash = key.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        return String(hash, radix: 16)
    }

    package func read() -> ProductTimes? {
        guard let path,
            let bytes = try? FileReader.bytes(of: path, maximumSize: Self.maximumSize),
            let json = try? JSONValue(parsing: bytes, at: path),
            json["format_version"]?.integer == Self.formatVersion, json["key"]?.string == key
        else { return nil }
        return Self.times(json["seconds"])
    }

    private static func times(_ json: JSONValue?) -> ProductTimes? {
        var seconds: [ProductCandidate: [Double]] = [:]
        for candidate in ProductCandidate.all {
            guard let value = json?[candidate.name] else { continue }
            let rounds = (value.array ?? []).compactMap(\.double)
            guard rounds.count == ProductTimes.roundCount, value.array?.count == rounds.count,
                rounds.allSatisfy({ $0.isFinite && $0 > 0 })
            else { return nil }
            seconds[candidate] = rounds
        }
        let measured = ProductCandidate.measurable
        return measured.allSatisfy { seconds[$0] != nil } ? ProductTimes(seconds) : nil
    }

    /// - Returns: whether the times are kept.
    @discardableResult
    package func write(_ times: ProductTimes) -> Bool {
        guard let path else { return false }
        let seconds = ProductCandidate.all.filter { times.gflops($0) != nil }.map { candidate in
            (candidate.name, JSONValue.array(times.rounds(candidate).map(JSONValue.number)))
        }
        let json = JSONValue.object([
            "format_version": .integer(Self.formatVersion), "key": .string(key),
            "seconds": .object(Dictionary(uniqueKeysWithValues: seconds)),
        ])
        do {
            let folder = (path as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            // Of two programs that start at once, neither publishes what the other has half written.
            try PublishedFile.create(at: path, isReplacing: true) { temporary in
                try Data(json.text().utf8).write(to: URL(filePath: temporary))
            }
            return true
        } catch {
            return false
        }
    }
}
