import ArgumentParser
import Benchmarks
import Collectives
import Diagnostics
import JSON
import Runs

/// `plan`: what a training will cost.
struct PlanCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Tells what a training will cost, before it starts: memory, time, disk.",
        discussion: """
            Measures some steps with few layers, for seconds, and writes nothing. Started by \
            mpirun as the run would be, it plans for those ranks. A training that does not fit \
            into memory is refused with what would fit. pretrain, finetune and run do the same \
            with --dry-run.

            Examples:
              swift-llm-train plan recipe.yaml train.micro_batch_size=4
              mpirun -n 2 swift-llm-train plan recipe.yaml --json
              swift-llm-train plan recipe.yaml --hosts 8 --ranks-per-host 2 --link 10
            """)

    @Argument(help: ArgumentHelp("The recipe, or a run.", valueName: "recipe.yaml"))
    var recipe: String

    @Flag(name: .customLong("json"), help: "Print one JSON object.")
    var isJSON = false

    @Flag(name: .customLong("finetune"), help: "Plan the fine-tuning of a recipe that has both.")
    var isFineTuning = false

    @OptionGroup var cluster: ClusterFlags

    @Argument(help: ArgumentHelp("Keys of the recipe to change.", valueName: "key=value"))
    var overrides: [String] = []

    func run(on communicator: any Communicator) throws -> Int32 {
        let report = try communicator.agree {
            let reading = try RecipeReading(path: recipe, overrides: overrides)
            if communicator.rank == 0 && !isJSON { reading.announce() }
            return PlanReport(
                recipe: reading.recipe,
                isFineTuning: try Self.takesFineTuning(
                    reading.recipe.phases, isAskedFor: isFineTuning, to: "plan"),
                isJSON: isJSON,
                cluster: cluster)
        }
        try report.run(on: communicator)
        return 0
    }

    /// Whether the fine-tuning of a recipe is taken: where it is asked for, and where there is no
    /// pretraining.
    static func takesFineTuning(
        _ phases: [Recipe.Phase], isAskedFor: Bool, to verb: String
    ) throws(Failure) -> Bool {
        let wanted = isAskedFor || !phases.contains(.pretrain)
        guard phases.contains(wanted ? .finetune : .pretrain) else {
            throw Failure(
                "there is nothing to \(verb)",
                expected: "a recipe with the phase \(isAskedFor ? "" : "pretrain or ")finetune",
                got: phases.map(\.rawValue).joined(separator: ", "), kind: .usage)
        }
        return wanted
    }
}

/// The flags of hosts that are not here.
struct ClusterFlags: ParsableArguments {
    @Option(help: ArgumentHelp("Predict for so many hosts as fast as this one.", valueName: "n"))
    var hosts: Int?

    @Option(help: ArgumentHelp("Of --hosts: ranks on each (1).", valueName: "k"))
    var ranksPerHost: Int?

    @Option(help: ArgumentHelp("Of --hosts: ranks on all of them.", valueName: "n"))
    var ranks: Int?

    @Option(help: ArgumentHelp("Of --hosts: Gbit/s of their links (10).", valueName: "gbit"))
    var link: Double?

    func validate() throws {
        guard hosts ?? 1 > 0, ranksPerHost ?? 1 > 0, ranks ?? 1 > 0, link ?? 1 > 0 else {
            throw ValidationError("--hosts, --ranks-per-host, --ranks and --link are above 0")
        }
        guard hosts != nil || ranksPerHost == nil && link == nil && ranks == nil else {
            throw ValidationError("--ranks-per-host, --ranks and --link stand with --hosts")
        }
        guard let hosts, let ranks else { return }
        guard ranks.isMultiple(of: hosts), ranks / hosts == ranksPerHost ?? (ranks / hosts) else {
            throw ValidationError(
                "--ranks \(ranks) are not as many on each of --hosts \(hosts)")
        }
    }

    /// The ranks of each of so many hosts.
    func ranksOfHost(_ hosts: Int) -> Int { ranksPerHost ?? ranks.map { $0 / hosts } ?? 1 }
}

/// A plan, printed.
struct PlanReport {
    let recipe: Recipe
    let isFineTuning: Bool
    var isJSON = false
    var cluster: ClusterFlags?

    /// Collective.
    func run(on communicator: any Communicator) throws {
        let plan = try PlanPhase(communicator: communicator)
            .plan(recipe, isFineTuning: isFineTuning)
        let away: ClusterPlan? = try communicator.agree {
            guard let cluster, let hosts = cluster.hosts, let step = plan.step else {
                return nil
            }
            return try ClusterPlan(
                plan, measured: step, hostCount: hosts, ranksPerHost: cluster.ranksOfHost(hosts),
                gigabits: cluster.link ?? 10)
        }
        guard communicator.rank == 0 else { return }
        guard isJSON else {
            Console.line(plan.text)
            if let away { Console.line("\n" + away.text) }
            return
        }
        var members = plan.json.object ?? [:]
        members["cluster"] = away?.json
        Console.line(JSONValue.object(members).text(isPretty: true))
    }
}
