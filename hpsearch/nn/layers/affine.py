"""y = W x + b, the fully connected layer (the book's chapter 5.6).

x (inputs, batch) → y (units, batch); W (units, inputs), b (units,).
dL/dW = dL/dy xᵀ, dL/db = sum of dL/dy over the batch, dL/dx = Wᵀ dL/dy.
"""

from collections.abc import Mapping

import numpy as np

from hpsearch.nn.arrays import Buffer, FloatArray
from hpsearch.nn.layers.base import Layer, ParameterShape, Site


class Affine(Layer):
    """A fully connected layer with bias."""

    def __init__(self, site: Site, units: int) -> None:
        if len(site.shape) != 1:
            raise site.refuse("features: put a flatten before it")
        super().__init__(site, (units,))
        self.inputs = site.shape[0]
        self.units = units

    def parameter_shapes(self) -> Mapping[str, ParameterShape]:
        return {
            "weight": ParameterShape((self.units, self.inputs), fan_in=self.inputs),
            "bias": ParameterShape((self.units,), initial=0.0),
        }

    def buffers(self, batch: int) -> Mapping[str, Buffer]:
        return {
            "output": Buffer((self.units, batch)),
            "ones": Buffer((batch,), initial=1),
            "grad_input": Buffer((self.inputs if self.wants_input_gradient else 0, batch)),
        }

    def forward(self, x: FloatArray) -> FloatArray:
        self.x = x
        output = self.workspace.at(x.shape[-1], x.dtype)["output"]
        np.matmul(self.parameters["weight"], x, out=output)
        output += self.parameters["bias"][:, None]
        return output

    def backward(self, grad_output: FloatArray) -> FloatArray:
        arrays = self.workspace.at(grad_output.shape[-1], grad_output.dtype)
        np.matmul(grad_output, self.x.T, out=self.gradients["weight"])
        np.matmul(grad_output, arrays["ones"], out=self.gradients["bias"])
        grad_input: FloatArray = arrays["grad_input"]
        if self.wants_input_gradient:
            np.matmul(self.parameters["weight"].T, grad_output, out=grad_input)
        return grad_input
