import CKernels
import Foundation
import Testing

@Suite struct AdamWTests {
    /// Loshchilov and Hutter, 2019, in double; updates p, m, v in place.
    private struct ReferenceAdamW {
        var (p, m, v): ([Double], [Double], [Double])

        mutating func update(_ gradients: [Double], _ s: kernel_adamw_settings, step: Int) {
            let (rate, beta1, beta2) = (
                Double(s.learning_rate), Double(s.beta1), Double(s.beta2)
            )
            for i in p.indices {
                let g = gradients[i] * Double(s.gradient_scale)
                m[i] = beta1 * m[i] + (1 - beta1) * g
                v[i] = beta2 * v[i] + (1 - beta2) * g * g
                let mean = m[i] / (1 - pow(beta1, Double(step)))
                let square = v[i] / (1 - pow(beta2, Double(step)))
                p[i] *= 1 - rate * Double(s.weight_decay)
                p[i] -= rate * mean / (square.squareRoot() + Double(s.epsilon))
            }
        }
    }

    @Test(arguments: [1, 15, 16, 17, 100], [0, 0.1] as [Float])
    func severalStepsMatchTheReference(_ count: Int, _ weightDecay: Float) {
        var random = SplitMix64(seed: 23)
        let start = Reference(random: [count], using: &random).values
        let zeros = [Double](repeating: 0, count: count)
        var reference = ReferenceAdamW(p: start, m: zeros, v: zeros)
        var (p, m, v) = (start.map { Float($0) }, zeros.map { Float($0) }, zeros.map { Float($0) })
        for step in 1...20 {
            let gradients = Reference(random: [count], using: &random).values
            let (beta1, beta2): (Float, Float) = (0.9, 0.95)
            var settings = kernel_adamw_settings(
                learning_rate: 0.01 / Float(step), beta1: beta1, beta2: beta2, epsilon: 1e-8,
                weight_decay: weightDecay,
                first_correction: Float(1 - pow(Double(beta1), Double(step))),
                second_correction: Float(1 - pow(Double(beta2), Double(step))),
                gradient_scale: 0.5)
            let before = kernel_parity(of: p, m, v)
            var (found, written) = (kernel_parity(), kernel_parity())
            kernel_adamw(
                &p, &m, &v, gradients.map { Float($0) }, count, &settings, &found, &written)
            #expect(found.words == before.words)
            #expect(written.words == kernel_parity(of: p, m, v).words)
            reference.update(gradients, settings, step: step)
        }
        expectClose(p, reference.p, .forward, "parameters")
        expectClose(m, reference.m, .forward, "first moments")
        expectClose(v, reference.v, .forward, "second moments")
        #expect(relativeError(of: p.map { Double($0) }, from: start) > 1e-3)
    }

    @Test func aZeroGradientOnlyDecaysTheParameters() {
        var settings = kernel_adamw_settings(
            learning_rate: 0.5, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.5,
            first_correction: 0.1, second_correction: 0.05, gradient_scale: 1)
        var (p, m, v): ([Float], [Float], [Float]) = ([4, -8], [0, 0], [0, 0])
        var (found, written) = (kernel_parity(), kernel_parity())
        kernel_adamw(&p, &m, &v, [0, 0], 2, &settings, &found, &written)
        #expect(p == [3, -6])
        #expect(m == [0, 0] && v == [0, 0])
    }
}

extension kernel_parity {
    /// By the definition: the exclusive or of all bit patterns.
    fileprivate init(of p: [Float], _ m: [Float], _ v: [Float]) {
        let parities = [p, m, v].map { $0.reduce(UInt32(0)) { $0 ^ $1.bitPattern } }
        self.init(
            weights: parities[0], first_moments: parities[1], second_moments: parities[2],
            third: 0)
    }

    fileprivate var words: [UInt32] { [weights, first_moments, second_moments, third] }
}
