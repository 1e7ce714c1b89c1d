import Foundation
import Testing
import swift_llm_train

/// What `supervise` knows by itself, without a run.
@Suite struct SupervisionTests {
    private static let killed =
        "mpirun noticed that process rank 1 with PID 7 on node a exited on signal 9 (Killed)."
    private static let lost = "  Remote daemon: [[17,0],2] on node node3"
    private static let told = "swift-llm-train: rank 2: the disk is full (run)"

    private static let ends: [([String], String?)] = [
        ([], nil),
        (["a banner", "------", "the swift-llm-train: of another line"], nil),
        ([lost], "lost the connection to node3"),
        ([killed], "rank 1 with PID 7 on node a exited on signal 9 (Killed)"),
        ([lost, killed], "rank 1 with PID 7 on node a exited on signal 9 (Killed)"),
        ([killed, lost], "rank 1 with PID 7 on node a exited on signal 9 (Killed)"),
        ([lost, killed, told], "rank 2: the disk is full (run)"),
        ([told, killed, lost], "rank 2: the disk is full (run)"),
        ([told, "swift-llm-train: rank 0: it follows"], "rank 2: the disk is full (run)"),
    ]

    @Test(arguments: ends)
    func theProgramsFirstLineWinsThenAKilledRankThenALostHost(lines: [String], text: String?) {
        var words = LastWords()
        for line in lines { words.read(line) }
        #expect(words.text == text)
    }

    /// As where a daemon on another host still holds the pipe.
    @Test func whatHasArrivedIsKnownWhileThePipeIsOpen() throws {
        let relay = try ErrorRelay()
        let pipe = FileHandle(fileDescriptor: relay.writer.rawValue, closeOnDealloc: true)
        let long = String(repeating: "-", count: 5000)
        let text = "\(Self.killed)\n\(long)\n\(Self.told)\nswift-llm-train: a torn line"
        try pipe.write(contentsOf: Data(text.utf8))
        #expect(relay.finish() == "rank 2: the disk is full (run)")
    }

    @Test func pausesDoubleUpToAMinuteAndStartAgainAfterProgress() {
        var pauses = RestartPauses()
        let pausesWithoutProgress = (0..<9).map { _ in pauses.next(afterProgress: false) }
        #expect(pausesWithoutProgress == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        #expect(pauses.next(afterProgress: true) == 1)
        #expect(pauses.next(afterProgress: true) == 1)
        #expect(pauses.next(afterProgress: false) == 2)
    }

    @Test func thisMachineBearsItsNamesAndItsAddresses() {
        let name = ProcessInfo.processInfo.hostName
        let addresses = Host.current().addresses.filter { !$0.contains(":") }
        let names = ["localhost", name, String(name.prefix { $0 != "." }), "127.0.0.1"]
        for host in names + addresses { #expect(LocalMachine.bears(host), "\(host)") }
    }

    /// Addresses for documentation (RFC 5737) and a name that is too long to be looked up.
    @Test(arguments: ["192.0.2.1", "203.0.113.7", String(repeating: "a", count: 300), ""])
    func otherMachinesAreNotThisOne(host: String) {
        #expect(!LocalMachine.bears(host))
    }
}
