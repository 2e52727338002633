throw new Error('no use')
