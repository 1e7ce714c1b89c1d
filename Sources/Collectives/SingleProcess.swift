#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The communicator of a world of one rank: no launcher, no MPI.
package final class SingleProcess: Communicator {
    package let rank = 0
    package let worldSize = 1
    package let hosts = HostMap.apart(worldSize: 1)

    package init() {}

    package func barrier() {}

    package func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
        precondition(root == 0, "expected root 0 in a world of one rank, got \(root)")
    }

    package func allGather(
        _ bytes: UnsafeRawBufferPointer, counts: [Int], into all: UnsafeMutableRawBufferPointer
    ) {
        precondition(all.count == bytes.count, "expected \(bytes.count) bytes, got \(all.count)")
        all.copyMemory(from: bytes)
    }

    package func allReduce(
        _ values: UnsafeMutableBufferPointer<Int64>, _ reduction: IntegerReduction
    ) {}

    package func allReduceDisjoint(_ values: UnsafeMutableBufferPointer<Double>) {}

    package func drive() {}

    package func exchange(
        on channel: Int, sends: [MessageToSend], receives: [MessageToReceive]
    ) -> PendingExchange {
        precondition(
            sends.isEmpty && receives.isEmpty, "a world of one rank has no peer to exchange with")
        return PendingExchange()
    }

    package func shareMemory(byteCount: Int) -> SharedMemoryOutcome {
        .unavailable(reason: "there is one rank")
    }

    package func split(color: Int) -> any Communicator { self }

    package func abort(exitCode: Int32) -> Never {
        exit(exitCode)
    }
}
