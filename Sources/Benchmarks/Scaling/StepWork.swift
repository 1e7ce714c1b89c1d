/// The work of a training step, whatever does it.
package struct StepWork: Equatable, Sendable {
    /// P: trained parameters.
    package var parameterCount: Int
    /// Forward and backward of one token.
    package var flopsPerToken: Double
    /// Tokens of the global batch.
    package var tokenCount: Int
    /// Tokens that a rank takes in its last forward and backward pass, beside which gradients travel.
    package var lastPassTokenCount: Int
    /// Bytes of an element of a gradient between nodes.
    package var gradientSize = 4
    /// Copies of the weights that are updated on a node: one, where its ranks share it.
    package var copiesPerNode = 1
    /// Whether each rank updates a part of the parameters alone, which the others gather in the next
    /// forward pass; else the sums of gradients are gathered in the backward pass.
    package var isSharded = false
    /// The share of the parameters whose gradients come at the end of a backward pass, and which the next
    /// forward pass needs at its start: the table of tokens. Nothing hides their messages.
    package var edgeShare = 0.0

    package init(
        parameterCount: Int, flopsPerToken: Double, tokenCount: Int, lastPassTokenCount: Int,
        gradientSize: Int = 4, copiesPerNode: Int = 1, isSharded: Bool = false,
        edgeShare: Double = 0
    ) {
        self.parameterCount = parameterCount
        self.flopsPerToken = flopsPerToken
        self.tokenCount = tokenCount
        self.lastPassTokenCount = lastPassTokenCount
        self.gradientSize = gradientSize
        self.copiesPerNode = copiesPerNode
        self.isSharded = isSharded
        self.edgeShare = edgeShare
    }
}
