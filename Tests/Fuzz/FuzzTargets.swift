import ArgumentParser
import Diagnostics
import Files
import Foundation
import Signals

/// Fuzzes the readers of files from outside; see the article on contributing.
@main
struct FuzzTargets: ParsableCommand {
    @Argument(help: "Targets; all without any.")
    var names: [String] = []

    @Flag(help: "Only print the names of the targets, one a line.")
    var list = false

    @Option(help: "Seconds of the processor for each target.")
    var seconds = 60.0

    @Option(help: "Inputs for each target, instead of seconds.")
    var runs: Int?

    @Option(help: "Decides all inputs.")
    var seed: UInt64 = 1

    @Option(help: "Megabytes of address space that the process may take beyond its start; 0: any.")
    var memory = 512

    @Option(help: "Folder of past failures: a folder of files for each target.")
    var corpus = URL(filePath: #filePath).deletingLastPathComponent().path + "/Corpus"

    @Option(help: "Where the input being read lies, and stays if the process dies of it.")
    var scratch: String?

    #if LIBFUZZER
        @Argument(parsing: .postTerminator, help: "Options of libFuzzer, after --.")
        var options: [String] = []
    #endif

    func validate() throws {
        let known = FuzzTarget.all.map(\.name)
        for name in names where !known.contains(name) {
            throw ValidationError("unknown target \(name): expected \(known)")
        }
    }

    func run() throws {
        // The limits of time of an input end the process, by no handler of a thread that computes.
        SignalTaker.start(ending: [SIGALRM, SIGPROF])
        if list { return Console.line(FuzzTarget.all.map(\.name).joined(separator: "\n")) }
        try limitMemory()
        for target in FuzzTarget.all where names.isEmpty || names.contains(target.name) {
            try fuzz(target)
        }
    }

    private func fuzz(_ target: FuzzTarget) throws {
        let memoryFolder = "/dev/shm"
        let root =
            scratch
            ?? (FileManager.default.isWritableFile(atPath: memoryFolder)
                ? memoryFolder : FileManager.default.temporaryDirectory.path)
        let folder = "\(root)/fuzz-\(target.name)-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        Console.write("\(target.name): seed \(seed), input \(folder)/\(target.file) ... ")
        let fuzzer = try Fuzzer(target, folder: folder, corpus: try failures(of: target))
        #if LIBFUZZER
            throw ExitCode(LibFuzzer.run(fuzzer, arguments: options))
        #endif
        let end = Self.processorSeconds + seconds
        let counts = try fuzzer.run(seed: seed) { count in
            runs.map { count >= $0 } ?? (Self.processorSeconds >= end)
        }
        Console.line(
            "\(counts.accepted + counts.refused) inputs, \(counts.accepted) accepted, "
                + "\(counts.refused) refused")
        try FileManager.default.removeItem(atPath: folder)
    }

    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// In name order, so that a seed decides all inputs.
    private func failures(of target: FuzzTarget) throws -> [[UInt8]] {
        let folder = corpus + "/" + target.name
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return try names.sorted().map { try FileReader.bytes(of: folder + "/" + $0) }
    }

    /// An allocation past the limit ends the process. The address sanitizer, which takes terabytes,
    /// has a limit of its own (the article on contributing).
    private func limitMemory() throws {
        guard memory > 0 else { return }
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
            .split(separator: " ").first.flatMap { Int($0) }
        let limit = rlim_t((pages ?? 0) * sysconf(Int32(_SC_PAGESIZE)) + memory << 20)
        var limits = rlimit(rlim_cur: limit, rlim_max: limit)
        guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limits) == 0 else {
            throw SystemCall.failure("cannot limit the memory", code: errno, at: "RLIMIT_AS")
        }
    }
}
