import DistributedRuns
import Foundation
import Testing

extension Cluster {
    /// A real slurmctld, a slurmd on each of three hosts, munge, and jobs of launch/slurm.sbatch.
    @Suite(.enabled(if: RealComponents.areWanted, RealComponents.reason)) struct SlurmTests {
        private static let shape = "--ntasks-per-node=2 --cpus-per-task=1"

        /// Ranks have the processors that Slurm gave them, and as many threads as these.
        @Test func jobsUnderSrunAndMpirunHaveTheBitsOfOneProcess() async throws {
            try await TestCluster.withService("slurm", hosts: 3) { cluster in
                let keys = "pretrain --config recipe.yaml train.lanes=8 output="
                let alone = try await cluster.run(keys + "alone")
                #expect(alone.exitCode == 0, "\(alone.errors)")
                let shapes = [
                    ("srun", "--ntasks-per-node=2 --cpus-per-task=1", "4 ranks of 1 thread"),
                    ("mpirun", "--ntasks-per-node=2 --cpus-per-task=1", "4 ranks of 1 thread"),
                    ("srun", "--ntasks-per-node=1 --cpus-per-task=1", "2 ranks of 1 thread"),
                    ("srun", "--nodes=3 --cpus-per-task=2", "3 ranks of 2 threads"),
                    ("mpirun", "--nodes=3 --cpus-per-task=2", "3 ranks of 2 threads"),
                ]
                for (number, (launcher, options, line)) in shapes.enumerated() {
                    let job = try await cluster.submit(
                        options, keys + "job\(number) train.threads_per_rank=null",
                        launcher: launcher)
                    let log = try await cluster.end(of: job)
                    #expect(log.contains("+ \(launcher) "), "\(log)")
                    #expect(log.contains(line), "\(options): \(log)")
                    // What the script asks Slurm for.
                    #expect(log.contains("a stop has checkpoint.stop_seconds 120"), "\(log)")
                    #expect(try cluster.weights("job\(number)") == cluster.weights("alone"))
                }
            }
        }

        /// Whole nodes, one rank a core up to eight.
        @Test func aJobWithoutNumbersHasTheRanksOfLaunchLocal() async throws {
            try await TestCluster.withService("slurm", hosts: 2) { cluster in
                let local = try await cluster.enter(
                    "node1", "bash -c 'source launch/common.sh; rank_count'")
                let ranks = local.output.trimmingCharacters(in: .newlines)
                let job = try await cluster.submit("", "--version")
                let log = try await cluster.end(of: job)
                #expect(log.contains("srun --nodes=2 --ntasks-per-node=\(ranks) "), "\(log)")

                let refused = try await cluster.submit("--ntasks=3", "--version")
                #expect(try await cluster.end(of: refused, code: 64).contains("--ntasks-per-node"))
            }
        }

        private static let endless =
            "pretrain --config recipe.yaml train.lanes=4 train.steps=1000000 "
            + "checkpoint.every_steps=0 output="

        /// Slurm looks at time limits twice a minute, and sends the signal up to half a minute early.
        @Test func aJobAtItsTimeLimitQueuesItselfAgainAndGoesOnWithTheSameBits() async throws {
            try await TestCluster.withService("slurm", hosts: 2) { cluster in
                let job = try await cluster.submit(
                    Self.shape + " --time=00:01:00", Self.endless + "run --resume",
                    environment: ["SBATCH_SIGNAL": "B:USR1@50"])
                let queued = "queueing job \(job) again"
                #expect(try await cluster.waits { cluster.log(of: job).contains(queued) })
                let log = cluster.log(of: job)
                #expect(log.contains("a stop has checkpoint.stop_seconds 50"), "\(log)")
                #expect(log.contains("the run has saved and stopped"), "\(log)")
                let steps = try await cluster.stepsBeforeItGoesOn(job)
                try await cluster.expectBitsOfOneProcess(Self.endless, job, after: steps)
            }
        }

        /// Two of three hosts run it, then one of these is to be repaired.
        @Test func aRequeuedJobLeavesADrainedNodeAndGoesOnWithTheSameBits() async throws {
            try await TestCluster.withService("slurm", hosts: 3) { cluster in
                let job = try await cluster.submit(Self.shape, Self.endless + "run --resume")
                #expect(try await cluster.reaches(7, in: "run"))
                #expect(try await cluster.fact("NodeList", of: job) == "node[1-2]")
                try await cluster.slurm("scontrol update nodename=node2 state=drain reason=trial")
                try await cluster.slurm("scontrol requeue \(job)")
                let steps = try await cluster.stepsBeforeItGoesOn(job)
                #expect(try await cluster.fact("NodeList", of: job) == "node[1,3]")
                #expect(try await cluster.fact("Restarts", of: job) == "1")
                try await cluster.expectBitsOfOneProcess(Self.endless, job, after: steps)
            }
        }
    }
}

extension TestCluster {
    @discardableResult
    fileprivate func slurm(_ command: String) async throws -> String {
        let run = try await enter("node1", command)
        #expect(run.exitCode == 0, "\(command): \(run.errors)")
        return run.output
    }

    /// Submits launch/slurm.sbatch and returns the number of the job.
    fileprivate func submit(
        _ options: String, _ arguments: String, launcher: String = "srun",
        environment: [String: String] = [:]
    ) async throws -> String {
        let run = try await enter(
            "node1",
            "sbatch --parsable --output=job-%j.log \(options) launch/slurm.sbatch \(arguments)",
            environment: environment.merging(["LAUNCHER": launcher]) { $1 })
        try #require(run.exitCode == 0, "sbatch: \(run.errors)")
        return run.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What `scontrol show job` tells under a key.
    fileprivate func fact(_ key: String, of job: String) async throws -> String {
        let text = try await slurm("scontrol show job \(job)")
        let words = text.split(whereSeparator: \.isWhitespace)
        return String(words.first { $0.hasPrefix(key + "=") }?.dropFirst(key.count + 1) ?? "")
    }

    /// Waits for the end of a job, and returns its log.
    ///
    /// - Parameter code: the exit code that it must have; nil for any.
    fileprivate func end(
        of job: String, code: Int? = 0, seconds: Int = 180
    ) async throws -> String {
        var state = ""
        for _ in 0..<seconds {
            state = try await fact("JobState", of: job)
            if ["COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"].contains(state) {
                break
            }
            try await Task.sleep(for: .seconds(1))
        }
        let log = log(of: job)
        if let code {
            let ended = try await fact("ExitCode", of: job)
            #expect(ended == "\(code):0" && state != "TIMEOUT", "\(state) \(ended): \(log)")
        }
        return log
    }

    /// What a job has written so far.
    fileprivate func log(of job: String) -> String {
        (try? folder.text("job-\(job).log")) ?? ""
    }

    /// Waits until a job has resumed its run and gone on.
    ///
    /// - Returns: the steps of the run when it was resumed, or few more.
    fileprivate func stepsBeforeItGoesOn(_ job: String) async throws -> Int {
        #expect(try await waits { log(of: job).contains("resuming from ") })
        let count = try steps(of: "run").count
        #expect(try await reaches(count + 10, in: "run"))
        return count
    }

    /// Ends a job after more than so many steps, and compares its weights with those of one process after
    /// as many; `keys` end with the name of the output.
    fileprivate func expectBitsOfOneProcess(
        _ keys: String, _ job: String, after stepCount: Int
    ) async throws {
        // The ranks get SIGTERM: they save, and the job does not queue itself again.
        try await slurm("scancel \(job)")
        _ = try await end(of: job, code: nil)

        let end = try lastStep(of: "run")
        #expect(end > stepCount)
        #expect(try steps(of: "run").prefix(end) == ArraySlice(1...end))
        let alone = try await run(keys + "alone train.stop_after_steps=\(end)")
        #expect(alone.exitCode == 0, "\(alone.errors)")
        #expect(try weights("run") == weights("alone"))
    }
}
