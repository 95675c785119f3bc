"""Mini-batch stochastic gradient descent as one writes it in PyTorch: eager mode, one thread.

One thread is as fast as two or faster. The parameters are updated by hand, which takes little more
than half of the time of torch.optim.SGD.
"""

import torch


def by_autograd(X, Y, W, A, c, order, step_size):
    """Train both layers on half squares averaged over each batch, the rows of ``order``.

    X has a last column of ones, and W the first biases in its last column.
    """
    torch.set_num_threads(1)
    X, Y, order = map(torch.from_numpy, (X, Y, order))
    parameters = [torch.from_numpy(array.copy()).requires_grad_() for array in (W, A, c)]
    W, A, c = parameters
    eta = step_size / order.shape[1]
    for rows in order.unbind():
        H = torch.relu(X.index_select(0, rows) @ W.T)
        residual = torch.addmm(c, H, A) - Y.index_select(0, rows)
        # The gradient of half the squares of the residual, without forming their sum.
        gradients = torch.autograd.grad(residual, parameters, residual.detach())
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(gradient, alpha=eta)
    return tuple(parameter.detach().numpy() for parameter in parameters)


@torch.no_grad()
def by_formulas(X, Y, W, A, c, order, step_size):
    """The same without autograd: the gradients by their formulas, added in place."""
    torch.set_num_threads(1)
    X, Y, order = map(torch.from_numpy, (X, Y, order))
    W, A, c = (torch.from_numpy(array.copy()) for array in (W, A, c))
    eta = step_size / order.shape[1]
    for rows in order.unbind():
        x = X.index_select(0, rows)
        H = torch.mm(x, W.T).relu_()
        residual = torch.addmm(c, H, A).sub_(Y.index_select(0, rows))
        G = torch.ops.aten.threshold_backward(torch.mm(residual, A.T), H, 0)
        A.addmm_(H.T, residual, alpha=-eta)
        W.addmm_(G.T, x, alpha=-eta)
        c.sub_(residual.sum(0), alpha=eta)
    return W.numpy(), A.numpy(), c.numpy()
