import Diagnostics
import DistributedRuns
import Foundation
import JSON
import Runs
import TemporaryFolders
import Tensors
import Testing

/// The kernels that a process takes: by measurement, by the cache, by the user, by a checkpoint.
@Suite struct KernelChoiceTests {
    private static let times = ProductTimes(
        Dictionary(uniqueKeysWithValues: ProductCandidate.all.map { ($0, [0.5, 0.25, 1e-3]) }))

    private func cache(_ folder: TemporaryFolder, key: String = "this") -> KernelCache {
        KernelCache(environment: ["XDG_CACHE_HOME": folder.path], key: key)
    }

    @Test func keptTimesComeBackAsTheyWere() throws {
        let folder = try TemporaryFolder()
        let cache = cache(folder)
        #expect(cache.read() == nil)
        #expect(cache.write(Self.times))
        #expect(cache.read() == Self.times)
        #expect(self.cache(folder, key: "another processor, or library").read() == nil)
        let measured = ProductTimes([.floats(.oneDNN): [1, 1, 1], .floats(.openBLAS): [2, 2, 2]])
        #expect(cache.write(measured))
        // Nothing of bfloat16, which this processor has, or has not.
        #expect((cache.read() == nil) == ComputeKernels.hasBFloat16)
    }

    @Test func keyNamesProcessorLibrariesAndSettings() {
        let kernels = ComputeKernels.prepare()
        func key(_ environment: [String: String]) -> String {
            KernelCache(environment: environment, kernels: kernels).key
        }
        #expect(key([:]).contains("OpenBLAS 0") && key([:]).contains("oneDNN "))
        #expect(key([:]).contains(kernels.blasCore))
        #expect(key([:]).contains(kernels.oneDNNInstructionSet))
        for variable in ["OPENBLAS_CORETYPE", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA"] {
            #expect(key([variable: "Haswell"]) != key([:]))
        }
    }

    @Test func cacheStandsWhereTheUserHasCaches() {
        func path(_ environment: [String: String]) -> String? {
            KernelCache(environment: environment, key: "k").path.map {
                ($0 as NSString).deletingLastPathComponent
            }
        }
        #expect(path(["XDG_CACHE_HOME": "/c", "HOME": "/h"]) == "/c/swift-llm-train")
        #expect(path(["HOME": "/h"]) == "/h/.cache/swift-llm-train")
        #expect(path(["XDG_CACHE_HOME": "", "HOME": "/h"]) == "/h/.cache/swift-llm-train")
        #expect(path(["XDG_CACHE_HOME": "c", "HOME": "/h"]) == "/h/.cache/swift-llm-train")
        #expect(path([:]) == nil && path(["HOME": "h"]) == nil)
        #expect(!KernelCache(environment: [:], key: "k").write(Self.times))
    }

    @Test func damagedTimesAreTakenAgain() throws {
        let folder = try TemporaryFolder()
        let cache = cache(folder)
        #expect(cache.write(Self.times))
        let path = try #require(cache.path)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let damages = [
            "", "{", "null", String(text.dropLast(20)), String(repeating: " ", count: 1 << 17),
            text.replacingOccurrences(of: "0.25", with: "-1"),
            text.replacingOccurrences(of: "0.25", with: "0"),
            text.replacingOccurrences(of: "0.25", with: "1e999"),
            text.replacingOccurrences(of: "0.25", with: "\"x\""),
            text.replacingOccurrences(of: "0.25,", with: ""),
            text.replacingOccurrences(of: "fp32 onednn", with: "fp32 other"),
            text.replacingOccurrences(of: "\"format_version\":1", with: "\"format_version\":2"),
            text.replacingOccurrences(of: "\"this\"", with: "\"that\""),
        ]
        for damage in damages {
            try Data(damage.utf8).write(to: URL(filePath: path))
            #expect(cache.read() == nil, "\(damage.prefix(200))")
        }
        #expect(cache.write(Self.times))
        #expect(cache.read() == Self.times)
    }

    @Test func aPlaceThatIsNoneIsNoError() throws {
        let folder = try TemporaryFolder()
        let cache = cache(folder)
        let path = try #require(cache.path)
        // A directory, and then a pipe, in its place; a file in the place of its directory.
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        #expect(cache.read() == nil && !cache.write(Self.times))
        try FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(cache.read() == nil)
        try FileManager.default.removeItem(atPath: "\(folder.path)/swift-llm-train")
        try Data().write(to: URL(filePath: "\(folder.path)/swift-llm-train"))
        #expect(cache.read() == nil && !cache.write(Self.times))
        #expect(
            !KernelCache(environment: ["XDG_CACHE_HOME": "/dev/null"], key: "k")
                .write(Self.times))
        #expect(
            !KernelCache(environment: ["XDG_CACHE_HOME": "/proc"], key: "k")
                .write(Self.times))
    }

    private func pinned(_ name: String?) throws -> ProductKernels? {
        try KernelChoice.pinned(
            name.map { [KernelChoice.variable: $0] } ?? [:],
            among: ProductKernels.known.filter {
                $0.name != "openblas-widened" && !$0.cutsFinely
            })
    }

    @Test func aPinIsOneOfTheNames() throws {
        #expect(try pinned(nil) == nil && pinned("") == nil)
        #expect(try pinned("default") == .usual)
        #expect(try pinned("onednn") == ProductKernels(floats: .oneDNN))
        #expect(
            try pinned("onednn-widened")
                == ProductKernels(floats: .oneDNN, widensBFloat16: true))
        #expect(
            try KernelChoice.pinned([KernelChoice.variable: "openblas-fine"])
                == ProductKernels(floats: .openBLAS, cutsFinely: true))
    }

    @Test(arguments: ["fast", "oneDNN", "openblas-widened", " onednn"])
    func aWrongPinNamesThePossibleOnes(name: String) throws {
        let failure = try #require(throws: Failure.self) { try pinned(name) }
        #expect(failure.kind == .usage)
        #expect(failure.expected == "one of default, onednn, onednn-widened, openblas")
        #expect(failure.got == "\"\(name)\"")
        let cannot = "this processor cannot compute with the kernels of SWIFT_LLM_KERNELS"
        #expect((failure.what == cannot) == (name == "openblas-widened"))
    }
}
