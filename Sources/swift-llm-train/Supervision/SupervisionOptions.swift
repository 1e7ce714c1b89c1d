import Diagnostics

/// Options of how `supervise` starts a run and when it gives up.
struct SupervisionOptions {
    /// Whether the first start resumes, as all later ones do.
    var isResuming = false
    /// Starts after the first, at most; usual 10.
    var restarts = 10
    /// The network interface of the cluster; nil leaves the choice to OpenMPI.
    var interface: String?
    /// The words before a host and a command; nil: ssh.
    var agent: [String]?
    /// Seconds in which a host has to answer; usual 10.
    var probeSeconds = 10
    /// Seconds between two looks for lost islands; usual 60.
    var returnSeconds = 60
    var mpirunOptions: [String] = []

    /// Throws a usage `Failure` for a number out of its bounds or an agent of no words.
    func validate() throws {
        try require(restarts >= 0, "--restarts", "an integer of at least 0", "\(restarts)")
        try require(
            probeSeconds >= 1, "--probe-seconds", "an integer of at least 1", "\(probeSeconds)")
        try require(
            returnSeconds >= 1, "--return-seconds", "an integer of at least 1", "\(returnSeconds)")
        try require(agent?.isEmpty != true, "--agent", "a command", "nothing")
    }

    private func require(
        _ isValid: Bool, _ flag: String, _ expected: String, _ got: String
    ) throws {
        guard !isValid else { return }
        throw Failure(flag, expected: expected, got: got, remedy: "see --help", kind: .usage)
    }
}
