#if LIBFUZZER
    import Glibc

    /// Lets libFuzzer, which sees the branches that an input takes, choose the inputs of one target.
    enum LibFuzzer {
        private typealias Input = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32

        @_silgen_name("LLVMFuzzerRunDriver")
        private static func runDriver(
            _ count: UnsafeMutablePointer<Int32>,
            _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
            _ input: Input
        ) -> Int32

        /// A C callback carries no context. Set once, before the driver starts on this thread.
        nonisolated(unsafe) fileprivate static var fuzzer: Fuzzer?

        /// - Parameter arguments: libFuzzer's own, such as -max_total_time=60.
        /// - Returns: its exit code.
        static func run(_ fuzzer: Fuzzer, arguments: [String]) -> Int32 {
            Self.fuzzer = fuzzer
            var words = (["FuzzTargets"] + arguments).map { strdup($0) } + [nil]
            var count = Int32(words.count - 1)
            return words.withUnsafeMutableBufferPointer { words in
                // The list holds the program's name at least.
                var base = words.baseAddress!
                return runDriver(&count, &base, readInput)
            }
        }
    }

    /// Under the name that libFuzzer's own main, which is linked but not used, asks for.
    @_cdecl("LLVMFuzzerTestOneInput")
    public func readInput(_ bytes: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
        var counts = Fuzzer.Counts()
        do {
            try LibFuzzer.fuzzer?.read(
                Array(UnsafeBufferPointer(start: bytes, count: size)), &counts)
        } catch {
            fatalError("\(error)")
        }
        return 0
    }
#endif
