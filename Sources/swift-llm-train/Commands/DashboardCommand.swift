import ArgumentParser
import Collectives
import Diagnostics
import Files
import Monitoring
import Runs
import Signals
import Web

/// `dashboard`: runs on a page, at work or over.
struct DashboardCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "dashboard",
        abstract: "Shows runs on a page of this machine: curves, recipes compared, samples.",
        discussion: """
            Reads what the runs write, and changes nothing. The address has a token in it: who does \
            not know it sees nothing. A training that was started with --dashboard has a page of \
            its own, from which it can be steered, too. Ctrl-C ends the page.

            Examples:
              swift-llm-train dashboard runs
              swift-llm-train dashboard runs/quickstart-1 runs/quickstart-2 --port 9000
            """)

    @Argument(help: ArgumentHelp("Runs, or folders in which they lie.", valueName: "runs"))
    var runs: [String]

    @Option(help: ArgumentHelp("The address to listen at.", valueName: "host"))
    var host = "127.0.0.1"

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The port; 0 takes a free one.", valueName: "p")
    )
    var port = 7654

    @Option(
        help: ArgumentHelp(
            "The token of the address, of at least 16 characters; by default a new one.",
            valueName: "word"))
    var token: String?

    var outlivesItsOutput: Bool { true }

    func run(on communicator: any Communicator) throws -> Int32 {
        try communicator.agree { try validate(worldSize: communicator.worldSize) }
        let stop = StopRequest()
        let watching = token ?? Dashboard.makeToken()
        let dashboard = Dashboard(
            runs, tokens: (watching, Dashboard.makeToken()), describe: RunReporter.describe,
            isEnding: { stop.isPending })
        let server = WebServer(
            host: host, port: port, limits: .besideWork, service: dashboard)
        return try Waiting.forResult { [host] in
            try await server.run(until: stop) { port in
                Console.line("dashboard: http://\(host):\(port)/\(watching)/")
            }
            return 0
        }
    }

    private func validate(worldSize: Int) throws {
        for path in runs where (try? DirectoryEntries.isThere(path, followsLinks: true)) != true {
            throw Failure(
                "there are no runs", expected: "a folder", got: "nothing", at: path, kind: .usage)
        }
        guard (0...65535).contains(port) else {
            throw Failure("--port", expected: "0 to 65535", got: "\(port)", kind: .usage)
        }
        if let token {
            let isPlain = token.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
            guard isPlain && token.count >= 16 else {
                throw Failure(
                    "--token", expected: "16 letters and digits or more",
                    got: "\(Quantity.count(token.count, "character"))",
                    remedy: "leave it out to get one", kind: .usage)
            }
        }
        guard worldSize == 1 else {
            throw Failure(
                "dashboard was started under mpirun", expected: "one process",
                got: "\(Quantity.count(worldSize, "rank"))", remedy: "start it alone",
                kind: .usage)
        }
    }
}
