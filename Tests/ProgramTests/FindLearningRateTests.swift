import DistributedRuns
import Foundation
import JSON
import Testing

extension Jobs {
    /// `find-learning-rate`.
    @Suite struct FindLearningRateTests {
        @Test func sweepsAlikeOnAllRanksAndLeavesNoRun() async throws {
            let workspace = try await Workspace.prepared()
            var figures: [[JSONValue]] = []
            for ranks in [nil, 2] {
                let job = try await workspace.succeed(
                    "find-learning-rate recipe.yaml --steps 40 --from 1e-5 --output sweep-\(ranks ?? 1)",
                    ranks: ranks)
                #expect(job.output.contains("learning rate"), "\(job.output)")
                #expect(job.output.contains("*") && job.output.contains("+---"))
                let json = try JSONValue(
                    parsing: Array(try workspace.bytes("sweep-\(ranks ?? 1).json")), at: "sweep")
                #expect(json["name"]?.string == "tiny" && json["ranks"]?.integer == ranks ?? 1)
                let steps = try #require(json["steps"]?.array)
                #expect(steps.count > 10)
                #expect(steps[0]["learning_rate"]?.double == 1e-5)
                let rate = try #require(json["suggested_learning_rate"]?.double)
                #expect(rate > 1e-5 && rate < 1)
                figures.append(steps)
                let page = String(
                    decoding: try workspace.bytes("sweep-\(ranks ?? 1).html"), as: UTF8.self)
                #expect(page.contains("<svg") && page.contains("tiny: learning rates"))
            }
            // The losses have the same bits on any number of ranks.
            #expect(figures[0] == figures[1])
            #expect(!workspace.exists("run"))
        }

        @Test func whatIsNotPreparedIsToldOnce() async throws {
            let workspace = try Workspace()
            let job = try await workspace.run("find-learning-rate recipe.yaml", ranks: 2)
            #expect(job.exitCode != 0 && job.messages.count == 1, "\(job.errors)")
            #expect(!workspace.exists("run") && !workspace.exists("learning-rate.json"))
        }

        /// A recipe with neither training.
        @Test func nothingToSweepIsToldWithItsCode() async throws {
            let workspace = try Workspace()
            let job = try await workspace.run(
                "find-learning-rate recipe.yaml --finetune", ranks: nil)
            #expect(job.exitCode == 64)
            #expect(job.errors.contains("there is nothing to sweep"), "\(job.errors)")
        }
    }
}
