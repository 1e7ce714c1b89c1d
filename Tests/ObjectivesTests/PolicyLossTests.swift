import Foundation
import Objectives
import Testing

/// Advantages and clipped losses, by hand.
@Suite struct PolicyLossTests {
    @Test func advantagesAreMeasuredInTheGroup() {
        // Mean 2, deviation 1.
        let group = GroupAdvantages([1, 2, 3], .grpo)
        #expect(group.values.map { ($0 * 1e6).rounded() } == [-999_900, 0, 999_900])
        #expect(group.mean == 2 && group.deviation == 1 && !group.isFlat)
        // Each less the mean of the other two.
        #expect(GroupAdvantages([1, 2, 3], .rloo).values == [-1.5, 0, 1.5])
    }

    @Test(arguments: [PolicySettings.Algorithm.grpo, .rloo])
    func groupsOfEqualRewardsTeachNothing(_ algorithm: PolicySettings.Algorithm) {
        for rewards in [[0.3, 0.3, 0.3], [nil, 2, nil], [nil, nil, nil]] as [[Double?]] {
            let group = GroupAdvantages(rewards, algorithm)
            #expect(group.isFlat && group.values == [0, 0, 0])
        }
        // An answer that cannot be judged takes no part.
        let group = GroupAdvantages([0, nil, 1], algorithm)
        #expect(group.values[1] == 0 && group.mean == 0.5 && !group.isFlat)
        #expect(group.values[0] == -group.values[2])
    }

    /// A ratio, an advantage, the loss, its derivative by the logarithm of the ratio.
    @Test(arguments: [
        (1.0, 2.0, -2.0, -2.0), (1.1, 2, -2.2, -2.2), (1.5, 2, -2.6, 0), (0.5, 2, -1, -1),
        (1, -2, 2, 2), (1.5, -2, 3, 3), (0.5, -2, 1.8, 0), (3, 0, 0, 0),
    ])
    func ratiosAreClippedWhereTheyHaveGoneFarEnough(
        _ ratio: Double, _ advantage: Double, _ value: Double, _ slope: Double
    ) {
        var settings = PolicySettings()
        (settings.clipLow, settings.clipHigh) = (0.1, 0.3)
        let loss = settings.clippedLoss(logRatio: log(ratio), advantage: advantage)
        #expect(abs(loss.value - value) < 1e-12 && abs(loss.slope - slope) < 1e-12)
        #expect(loss.isHigh == (ratio > 1.3 && advantage > 0))
        #expect(loss.isLow == (ratio < 0.9 && advantage < 0))
    }
}
