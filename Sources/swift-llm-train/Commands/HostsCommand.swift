import ArgumentParser
import Diagnostics

/// `hosts`: reads a hostfile and asks its hosts whether they live, before mpirun does.
struct HostsCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "hosts",
        abstract: "Checks an OpenMPI hostfile, and whether its hosts answer.",
        discussion: """
            Refuses a hostfile without hosts, a host without slots and one that stands twice, \
            and names every host that does not answer. launch/cluster asks it first.

            Examples:
              swift-llm-train hosts hostfiles/two-nodes
              swift-llm-train hosts --agent ./agent --probe-seconds 5 hosts
            """)

    private static let defaults = SupervisionOptions()

    @Argument(help: ArgumentHelp("OpenMPI's hostfile, with slots=N for each host."))
    var hostfile: String

    @Option(
        help: ArgumentHelp(
            "Runs a command on a host instead of ssh, as in: AGENT HOST COMMAND.",
            valueName: "command"))
    var agent: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Seconds in which a host has to answer.", valueName: "s"))
    var probeSeconds = Self.defaults.probeSeconds

    func run() throws {
        var options = SupervisionOptions()
        options.agent = agent.map(SuperviseCommand.words)
        options.probeSeconds = probeSeconds
        try options.validate()
        let hosts = try Hostfile(path: hostfile).hosts
        let probe = HostProbe(agent: options.agent, seconds: options.probeSeconds)
        let problems = try Waiting.forResult { await probe.problems(of: hosts) }
        let silent = zip(hosts, problems).compactMap { host, problem in
            problem.map { "\(host.name): \($0)" }
        }
        guard silent.isEmpty else {
            throw Failure(
                "not all hosts of the hostfile answer",
                got: silent.joined(separator: ", "), at: hostfile,
                remedy: "check the names, and that ssh reaches each host without a password")
        }
        Console.write(
            "\(Quantity.count(hosts.count, "host")), "
                + "\(Quantity.count(hosts.slotCount, "slot")): \(hosts.list)\n")
    }
}
