import ArgumentParser
import Collectives
import Diagnostics
import Foundation

/// `supervise`: a recipe on the hosts of a cluster, started again after a failure on those that live.
struct SuperviseCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise",
        abstract: "Runs a recipe on a cluster, and goes on when ranks or hosts fail.",
        discussion: """
            Starts mpirun on the hosts of an OpenMPI hostfile. After a failure it probes the \
            hosts, and resumes from the newest checkpoint on those that answer, with the same \
            bits: train.lanes stays what it was at the start (by default the number of slots). \
            Of a run on islands (train.islands) it leaves out those that have lost a host, and \
            stops and resumes the run when they are back. \
            Start it on one of the hosts, and not under mpirun. It writes supervise.log in the \
            run directory.

            SIGTERM, SIGINT and SIGUSR1 stop the run: it saves, and supervise exits 75.

            Examples:
              swift-llm-train supervise --hostfile hostfiles/two-nodes recipe.yaml
              swift-llm-train supervise --hostfile hosts recipe.yaml --resume \\
                --interface eth0 --restarts 50 train.steps=2000
            """)

    private static let defaults = SupervisionOptions()

    @Option(
        help: ArgumentHelp("OpenMPI's hostfile, with slots=N for each host.", valueName: "file"))
    var hostfile: String

    @Flag(
        name: .customLong("resume"),
        help: "Go on from the newest complete checkpoint at the first start too.")
    var isResuming = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Starts after the first, at most.", valueName: "n"))
    var restarts = Self.defaults.restarts

    @Option(
        help: ArgumentHelp(
            "The network interface of the cluster, where hosts have several.", valueName: "name"))
    var interface: String?

    @Option(
        help: ArgumentHelp(
            "Runs a command on a host instead of ssh, as in: AGENT HOST COMMAND.",
            valueName: "command"))
    var agent: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Seconds in which a host has to answer a probe.", valueName: "s"))
    var probeSeconds = Self.defaults.probeSeconds

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Seconds between two looks whether a lost island is back.", valueName: "s"))
    var returnSeconds = Self.defaults.returnSeconds

    @Option(
        help: ArgumentHelp(
            "More options for mpirun, as in --mpirun-option='--bind-to none'.",
            valueName: "options"))
    var mpirunOption: [String] = []

    @Argument(help: "The recipe.")
    var recipe: String

    @Argument(help: ArgumentHelp("Keys of the recipe to change.", valueName: "key=value"))
    var overrides: [String] = []

    private var options: SupervisionOptions {
        var options = SupervisionOptions()
        options.isResuming = isResuming
        options.restarts = restarts
        options.interface = interface
        options.agent = agent.map(Self.words)
        options.probeSeconds = probeSeconds
        options.returnSeconds = returnSeconds
        options.mpirunOptions = mpirunOption.flatMap { $0.split(separator: " ").map(String.init) }
        return options
    }

    /// The words of an agent; a path is made absolute, which mpirun wants.
    static func words(_ agent: String) -> [String] {
        var words = agent.split(separator: " ").map(String.init)
        if let first = words.first, first.contains("/") {
            words[0] = URL(fileURLWithPath: first).path
        }
        return words
    }

    var outlivesItsOutput: Bool { true }

    func run(on communicator: any Communicator) throws -> Int32 {
        try communicator.agree {
            guard communicator.worldSize == 1 else {
                throw Failure(
                    "supervise was started under mpirun", expected: "one process",
                    got: "\(Quantity.count(communicator.worldSize, "rank"))",
                    remedy: "start it alone: it calls mpirun itself", kind: .usage)
            }
            try options.validate()
            try Self.requireOpenMPI(.current())
        }
        let supervisor = try Supervisor(
            recipe: recipe, overrides: overrides, hosts: Hostfile(path: hostfile).hosts,
            options: options)
        return try Waiting.forResult { try await supervisor.run() }
    }

    /// Its mpirun alone has the options that are wanted here.
    private static func requireOpenMPI(_ library: MPILibrary) throws {
        guard library.flavour != "Open MPI" else { return }
        throw Failure(
            "supervise starts runs with the mpirun of Open MPI",
            expected: "a program that is linked to it",
            got: "\(library.flavour) \(library.version)",
            remedy: "build it without SWIFT_LLM_MPI, or start the run with \(library.launcher)",
            kind: .usage)
    }
}
